"""A consumer's message finds its conversation."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Account
from common.errors import Conflict, DomainError
from consumers.models import Consumer
from conversations.announcements import announce_message
from conversations.live import tell_changed
from conversations.models import (
    Conversation,
    ConversationState,
    Message,
    MessageState,
    ReplyRoute,
    Sender,
)
from conversations.routing import Route, decide
from conversations.selectors import default_skill, newest_route, routes_of, standing_route
from conversations.services.reply_routes import set_route_states
from conversations.text import readable


class UnknownMessage(DomainError):
    """The consumer never got the message that the reply names."""

    key = "unknown_message"


class ClientIdReused(Conflict):
    """The app sent another text under an id that it had used."""

    key = "client_id_reused"


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a consumer's message. ``route`` is the message it answers, if any."""

    conversation: Conversation
    message: Message
    is_new_conversation: bool
    route: ReplyRoute | None


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

    :raises TextNotAllowed: see `conversations.text.readable`.
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
    conversation.note_said(message)
    tell_changed(conversation)
    announce_message(message, conversation, route, is_new=is_new, now=now)
    if route is not None:
        _mark_answered(route, conversation, is_named=route == named, now=now)
    return Received(conversation, message, is_new, route)


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
    # Bots give ids as well: theirs are others.
    said = Message.objects.filter(conversation__consumer=consumer, sender=Sender.CONSUMER)
    message = said.filter(client_id=client_id).select_related("conversation__skill").first()
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
        standing_route=standing_route(account, consumer.ref, now),
        default_skill=default_skill(account),
        now=now,
    )


def _start(account: Account, consumer: Consumer, decision: Route, now: datetime) -> Conversation:
    return Conversation.objects.create(
        account=account,
        consumer=consumer,
        skill=decision.skill,
        continues=decision.continues,
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
