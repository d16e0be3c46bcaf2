"""Reply routes are opened and followed here; replies become conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db import connection, transaction

from accounts.audit import record
from accounts.models import Account, Skill, User
from common.errors import Conflict, DomainError
from common.text import forbidden_character, is_visible
from consumers.models import Consumer
from conversations.models import (
    Conversation,
    ConversationState,
    Message,
    MessageState,
    ReplyRoute,
    Sender,
)
from conversations.routing import Route, decide, explain_transfer
from conversations.selectors import default_skill, newest_route, routes_of

MAX_TEXT = 5000

# An outbound message's state moves only to a later one; a closed route stays closed.
_EARLIER: Mapping[MessageState, tuple[MessageState, ...]] = {
    MessageState.SENT: (MessageState.WAITING,),
    MessageState.DELIVERED: (MessageState.WAITING, MessageState.SENT),
    MessageState.OPENED: (MessageState.WAITING, MessageState.SENT, MessageState.DELIVERED),
}


class TextNotAllowed(DomainError):
    """The text is empty to the eye, too long, or holds what no one can read."""

    key = "text_not_allowed"


class UnknownMessage(DomainError):
    """The consumer never got the message that the reply names."""

    key = "unknown_message"


class ClientIdReused(Conflict):
    """The app sent another text under an id that it had used."""

    key = "client_id_reused"


class ConversationClosed(Conflict):
    """The conversation is closed, so nothing can be added to it."""

    key = "conversation_closed"


class SkillOfAnotherAccount(DomainError):
    """The conversation's account has no such skill."""

    key = "unknown_skill"


@dataclass(frozen=True, slots=True)
class NewRoute:
    """Where an answer to one outbound message goes, with copies of what an agent needs to know."""

    account_id: int
    message_id: UUID
    consumer_ref: str
    skill_id: int
    source: str
    campaign_id: str
    campaign_name: str
    engagement_name: str
    handoff_id: str
    handoff_title: str
    app_names: Sequence[str]
    title: str
    text: str
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a consumer's message. ``route`` is the message it answers, if any."""

    conversation: Conversation
    message: Message
    is_new_conversation: bool
    route: ReplyRoute | None


# One statement for a slice of the delivery; a retry finds its route there already.
_OPEN_ROUTES = """
INSERT INTO conversations_replyroute (
    account_id, message_id, consumer_ref, skill_id, source, campaign_id, campaign_name,
    engagement_name, handoff_id, handoff_title, app_names, title, text, state,
    valid_from, valid_until)
SELECT account_id, message_id, consumer_ref, skill_id, source, campaign_id, campaign_name,
    engagement_name, handoff_id, handoff_title, app_names, title, text, 'waiting',
    valid_from, valid_until
FROM jsonb_to_recordset(%s::jsonb) AS route(
    account_id bigint, message_id uuid, consumer_ref text, skill_id bigint, source text,
    campaign_id text, campaign_name text, engagement_name text, handoff_id text,
    handoff_title text, app_names jsonb, title text, text text,
    valid_from timestamptz, valid_until timestamptz)
ON CONFLICT (message_id) DO NOTHING
"""

_SET_STATES = """
UPDATE conversations_replyroute
SET state = %s, sent_at = coalesce(sent_at, %s), opened_at = coalesce(opened_at, %s)
WHERE message_id = ANY(%s) AND state = ANY(%s)
"""


def open_reply_routes(*, routes: Sequence[NewRoute]) -> None:
    """Open a route for each message before it is pushed; one that is there stays as it is."""
    if not routes:
        return
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_ROUTES, [orjson.dumps(routes).decode()])


def set_route_states(*, message_ids: Sequence[UUID], state: MessageState, now: datetime) -> None:
    """Tell the routes that their messages are sent, delivered or opened: forward only."""
    opened_at = now if state == MessageState.OPENED else None
    with connection.cursor() as cursor:
        cursor.execute(
            _SET_STATES, [state, now, opened_at, list(message_ids), list(_EARLIER[state])]
        )


def close_routes(*, message_ids: Sequence[UUID]) -> None:
    """These messages were not sent after all, so nobody answers them.

    What a phone has shown stays open, whatever its provider said.
    """
    ReplyRoute.objects.filter(
        message_id__in=message_ids, state__in=[MessageState.WAITING, MessageState.SENT]
    ).update(state=MessageState.CLOSED)


@transaction.atomic
def receive_message(
    *,
    account: Account,
    consumer: Consumer,
    text: str,
    message_id: UUID | None = None,
    client_id: str | None = None,
    now: datetime,
) -> Received:
    """Add a consumer's message to the open conversation, or open one where routing says.

    ``message_id`` is the outbound message that the consumer answers; ``client_id`` the app's own id
    of this message: what is sent twice is stored once.

    :raises TextNotAllowed: see :func:`readable`.
    :raises UnknownMessage: the consumer has no such outbound message.
    :raises ClientIdReused: the id came before, with another text.
    """
    text = readable(text)
    # Delivery locks the same row while it asks whether a conversation is open.
    consumer = Consumer.objects.select_for_update(no_key=True).get(
        account=account, ref=consumer.ref
    )
    named = _named_route(account, consumer, message_id)
    repeated = _repeated(consumer, client_id, text)
    if repeated is not None:
        return repeated
    conversation = _open_conversation(consumer)
    is_new = conversation is None
    route = named if named and named.is_live(now) and named.replied_at is None else None
    if conversation is None:
        decision = _route(account, consumer, named, now)
        conversation, route = _start(account, consumer, decision, now), decision.route
    message = Message.objects.create(
        account=account,
        conversation=conversation,
        sender=Sender.CONSUMER,
        text=text,
        client_id=client_id,
        sent_at=now,
    )
    if route is not None:
        _mark_answered(route, conversation, is_named=route == named, now=now)
    return Received(conversation, message, is_new, route)


def readable(text: str) -> str:
    """The text with its line breaks as ``\\n``.

    :raises TextNotAllowed: nothing in it is visible, it is over 5,000 characters, or it holds
        control characters other than line breaks and tabs.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_TEXT:
        raise TextNotAllowed(
            f"The text has {len(text):,} characters; {MAX_TEXT:,} fit.", pointer="/text"
        )
    forbidden = forbidden_character(text)
    if forbidden:
        raise TextNotAllowed(f"The text has the control character {forbidden}.", pointer="/text")
    if not is_visible(text):
        raise TextNotAllowed("The text is empty.", pointer="/text")
    return text


def _named_route(
    account: Account, consumer: Consumer, message_id: UUID | None
) -> ReplyRoute | None:
    if message_id is None:
        return None
    routes = routes_of(account, consumer.ref).select_related("skill", "conversation")
    route = routes.filter(message_id=message_id).first()
    if route is None:
        raise UnknownMessage("This consumer has no such message.", pointer="/messageId")
    return route


def _repeated(consumer: Consumer, client_id: str | None, text: str) -> Received | None:
    if client_id is None:
        return None
    message = (
        Message.objects.filter(conversation__consumer=consumer, client_id=client_id)
        .select_related("conversation__skill")
        .first()
    )
    if message is None:
        return None
    if message.text != text:
        raise ClientIdReused(
            "This clientMessageId was used for another text. Give each message its own.",
            pointer="/clientMessageId",
        )
    return Received(message.conversation, message, False, message.conversation.routes.first())


def _open_conversation(consumer: Consumer) -> Conversation | None:
    conversations = Conversation.objects.select_for_update(of=["self"], no_key=True).select_related(
        "skill"
    )
    return conversations.filter(consumer=consumer, state=ConversationState.OPEN).first()


def _route(account: Account, consumer: Consumer, named: ReplyRoute | None, now: datetime) -> Route:
    return decide(
        account=account,
        named_route=named,
        newest_route=newest_route(account, consumer.ref, now),
        default_skill=default_skill(account),
        now=now,
    )


def _start(account: Account, consumer: Consumer, decision: Route, now: datetime) -> Conversation:
    return Conversation.objects.create(
        account=account,
        consumer=consumer,
        skill=decision.skill,
        explanation=decision.explanation,
        opened_at=now,
    )


def _mark_answered(
    route: ReplyRoute, conversation: Conversation, *, is_named: bool, now: datetime
) -> None:
    """Who answers a message has seen it; one that still waits may have crossed with the answer."""
    if is_named or route.state != MessageState.WAITING:
        set_route_states(message_ids=[route.message_id], state=MessageState.OPENED, now=now)
    ReplyRoute.objects.filter(pk=route.pk).update(replied_at=now, conversation=conversation)


@transaction.atomic
def add_agent_message(
    *, conversation: Conversation, text: str, by: User | str, now: datetime
) -> Message:
    """:raises ConversationClosed: it was closed in the meantime.
    :raises TextNotAllowed: see :func:`readable`.
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
    Conversation.objects.filter(pk=conversation.pk, state=ConversationState.OPEN).update(
        state=ConversationState.CLOSED, closed_at=now, closed_by=str(by)
    )
    conversation.refresh_from_db(fields=["state", "closed_at", "closed_by"])


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
