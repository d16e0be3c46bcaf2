"""What agents and operators do with a conversation."""

from datetime import datetime

from django.db import transaction

from accounts.audit import record
from accounts.models import Skill, User
from common.errors import Conflict, DomainError
from conversations.announcements import announce_closed
from conversations.models import Conversation, ConversationState, Message, Sender
from conversations.routing import explain_transfer
from conversations.text import readable


class ConversationClosed(Conflict):
    """The conversation is closed, so nothing can be added to it."""

    key = "conversation_closed"


class SkillOfAnotherAccount(DomainError):
    """The conversation's account has no such skill."""

    key = "unknown_skill"


@transaction.atomic
def add_agent_message(
    *, conversation: Conversation, text: str, by: User | str, now: datetime
) -> Message:
    """:raises ConversationClosed: it was closed in the meantime.
    :raises TextNotAllowed: see `conversations.text.readable`.
    """
    text = readable(text)
    _lock_open(conversation)
    return Message.objects.create(
        account_id=conversation.account_id,
        conversation=conversation,
        sender=Sender.AGENT,
        author=str(by),
        text=text,
        sent_at=now,
    )


@transaction.atomic
def close_conversation(*, conversation: Conversation, by: User | str, now: datetime) -> None:
    """Close it; one that is closed stays as it was closed first."""
    is_first = Conversation.objects.filter(pk=conversation.pk, state=ConversationState.OPEN).update(
        state=ConversationState.CLOSED, closed_at=now, closed_by=str(by)
    )
    conversation.refresh_from_db(fields=["state", "closed_at", "closed_by"])
    if is_first:
        announce_closed(conversation, now=now)


@transaction.atomic
def transfer_conversation(
    *, conversation: Conversation, skill: Skill, by: User | str, now: datetime
) -> None:
    """Hand it to another skill of the account; the explanation says who did, and from where.

    :raises ConversationClosed: it was closed in the meantime.
    :raises SkillOfAnotherAccount: the account has no such skill.
    """
    if skill.account_id != conversation.account_id:
        raise SkillOfAnotherAccount("The account has no such skill.", pointer="/skill")
    current = _lock_open(conversation)
    before, explanation = current.skill, current.explanation
    conversation.skill = skill
    conversation.explanation = explain_transfer(
        account=current.account, before=before, after=skill, by=str(by), now=now
    )
    conversation.save(update_fields=["skill", "explanation"])
    record(
        by=by,
        account=current.account,
        verb="conversation_transferred",
        target=conversation,
        changes={
            "skill": [before.name, skill.name],
            "explanation": [explanation, conversation.explanation],
        },
    )


def _lock_open(conversation: Conversation) -> Conversation:
    current = (
        Conversation.objects.select_for_update(of=["self"], no_key=True)
        .select_related("skill", "account")
        .get(pk=conversation.pk)
    )
    if current.state != ConversationState.OPEN:
        raise ConversationClosed("The conversation is closed.")
    return current
