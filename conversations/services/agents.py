"""What agents and operators do with a conversation."""

from datetime import datetime

from django.db import transaction

from accounts.audit import record
from accounts.models import Skill, User
from common.errors import Conflict, DomainError
from conversations.announcements import (
    announce_accepted,
    announce_closed,
    announce_transferred,
)
from conversations.live import tell_changed
from conversations.models import Conversation, ConversationState, Message, Sender
from conversations.routing import explain_transfer
from conversations.services.pushes import queue_push
from conversations.services.replies import ClientIdReused
from conversations.text import readable


class ConversationClosed(Conflict):
    """The conversation is closed, so nothing can be added to it."""

    key = "conversation_closed"


class ConversationTaken(Conflict):
    """Somebody else answers the conversation."""

    key = "conversation_taken"


class SkillOfAnotherAccount(DomainError):
    """The conversation's account has no such skill."""

    key = "unknown_skill"


@transaction.atomic
def accept_conversation(*, conversation: Conversation, by: User | str, now: datetime) -> None:
    """Take it on, so that nobody else does; who has it already may do so again.

    :raises ConversationClosed: it was closed in the meantime.
    :raises ConversationTaken: somebody else was first.
    """
    current = lock_open(conversation)
    if not current.accepted_by:
        current.accepted_at, current.accepted_by = now, str(by)
        current.save(update_fields=["accepted_at", "accepted_by"])
        announce_accepted(current, now=now)
        tell_changed(current)
    elif current.accepted_by != str(by):
        raise ConversationTaken(f"{current.accepted_by} answers this conversation.")
    conversation.accepted_at, conversation.accepted_by = current.accepted_at, current.accepted_by


@transaction.atomic
def add_agent_message(
    *,
    conversation: Conversation,
    text: str,
    by: User | str,
    now: datetime,
    client_id: str | None = None,
) -> Message:
    """Say something to the consumer; what is said twice under one ``client_id`` is said once.

    :raises ConversationClosed: it was closed in the meantime.
    :raises ClientIdReused: another text was said under this id.
    :raises TextNotAllowed: see `conversations.text.readable`.
    """
    text = readable(text)
    current = lock_open(conversation)
    own = conversation.messages.filter(sender=Sender.AGENT, client_id=client_id)
    said = own.first() if client_id else None
    if said is not None:
        if said.text != text:
            raise ClientIdReused("Another message has this clientMessageId.")
        return said
    message = Message.objects.create(
        account_id=conversation.account_id,
        conversation=conversation,
        sender=Sender.AGENT,
        author=str(by),
        text=text,
        sent_at=now,
        client_id=client_id,
    )
    current.note_said(message)
    tell_changed(current)
    queue_push(message=message, conversation=current, by=by, now=now)
    return message


@transaction.atomic
def answer(
    *,
    conversation: Conversation,
    text: str,
    by: User | str,
    now: datetime,
    client_id: str | None = None,
) -> Message:
    """Say something as the one who answers the conversation; who is first becomes that.

    :raises ConversationTaken: somebody else is. Otherwise as `add_agent_message`.
    """
    accept_conversation(conversation=conversation, by=by, now=now)
    return add_agent_message(
        conversation=conversation, text=text, by=by, now=now, client_id=client_id
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
        tell_changed(conversation)


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
    current = lock_open(conversation)
    before, explanation = current.skill, current.explanation
    conversation.skill = skill
    conversation.explanation = explain_transfer(
        account=current.account, before=before, after=skill, by=str(by), now=now
    )
    # It waits for somebody of the other skill.
    conversation.accepted_at, conversation.accepted_by = None, ""
    conversation.save(update_fields=["skill", "explanation", "accepted_at", "accepted_by"])
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
    announce_transferred(conversation, from_skill=before.name, by=str(by), now=now)
    tell_changed(conversation)


def lock_open(conversation: Conversation) -> Conversation:
    current = (
        Conversation.objects.select_for_update(of=["self"], no_key=True)
        .select_related("skill", "account")
        .get(pk=conversation.pk)
    )
    if current.state != ConversationState.OPEN:
        raise ConversationClosed("The conversation is closed.")
    return current
