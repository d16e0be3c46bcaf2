"""What has changed in a consumer's dialog since their app was told last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from consumers.models import Consumer
from conversations.models import Conversation, Message, ReplyRoute
from conversations.selectors import (
    MAX_SHOWN,
    pending_messages,
    routes_of,
    shown_conversation,
)
from conversations.unread import unread_count

# What is told again when an app goes on from an outbound message: of two processes the one that
# writes later may have looked at its clock earlier.
OVERLAP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Point:
    """How far an app has been told: to the message of this id, to what was said until then (primary
    key, 0 for nothing), and to what was sent until then."""

    id: UUID
    said: int
    at: datetime


@dataclass(frozen=True, slots=True)
class News:
    """``read`` is the last message that an agent has seen; ``is_whole``: there is no more yet."""

    outbound: Sequence[ReplyRoute] = ()
    messages: Sequence[Message] = ()
    conversation: Conversation | None = None
    read: UUID | None = None
    unread: int | None = None
    is_whole: bool = True


def find_point(consumer: Consumer, message_id: UUID) -> Point | None:
    """Where a message of the dialog stands, an outbound one or one that was said."""
    said = Message.objects.filter(conversation__consumer=consumer)
    message = said.filter(public_id=message_id).first()
    if message is not None:
        return Point(message_id, message.pk, message.sent_at)
    route = routes_of(consumer.account, consumer.ref).filter(message_id=message_id).first()
    if route is None or route.sent_at is None:
        return None
    before = said.filter(sent_at__lte=route.sent_at - OVERLAP).order_by("-pk").first()
    return Point(message_id, before.pk if before else 0, route.sent_at)


class DialogReader:
    """Each look at the consumer's dialog has what the last one had not; the first has all."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._outbound: set[UUID] = set()
        self._message = 0
        self._conversation: tuple[UUID, str] | None = None
        self._agent_read_to = 0
        self._unread: int | None = None

    def skip(self, *, now: datetime) -> None:
        """Take all that there is as told."""
        last = self._said().order_by("-pk").first()
        self._message = last.pk if last else 0
        self.look(now=now)

    def skip_to(self, point: Point, *, now: datetime) -> None:
        """Take as told what was said and sent until then."""
        pending = pending_messages(account=self._consumer.account, consumer=self._consumer, now=now)
        until = point.at - OVERLAP
        sent = {route.message_id for route in pending if route.sent_at and route.sent_at <= until}
        self._outbound = sent | {point.id}
        self._message = point.said

    def look(self, *, now: datetime) -> News:
        pending = pending_messages(account=self._consumer.account, consumer=self._consumer, now=now)
        conversation = shown_conversation(self._consumer, pending)
        messages = self._new_messages()
        return News(
            outbound=self._new_outbound(pending),
            messages=messages,
            conversation=self._changed(conversation),
            read=self._newly_read(conversation),
            unread=self._new_unread(unread_count(self._consumer, now=now)),
            is_whole=len(messages) < MAX_SHOWN,
        )

    def _new_outbound(self, pending: Sequence[ReplyRoute]) -> list[ReplyRoute]:
        new = [route for route in pending if route.message_id not in self._outbound]
        self._outbound |= {route.message_id for route in new}
        return sorted(new, key=lambda route: (route.valid_from, route.pk))

    def _new_messages(self) -> list[Message]:
        new = list(self._said().filter(pk__gt=self._message).order_by("pk")[:MAX_SHOWN])
        self._message = new[-1].pk if new else self._message
        return new

    def _said(self) -> QuerySet[Message]:
        return Message.objects.filter(conversation__consumer=self._consumer)

    def _changed(self, conversation: Conversation | None) -> Conversation | None:
        if conversation is None:
            self._conversation = None
            return None
        before = self._conversation
        self._conversation = conversation.public_id, conversation.state
        return conversation if self._conversation != before else None

    def _newly_read(self, conversation: Conversation | None) -> UUID | None:
        if conversation is None or conversation.agent_read_to <= self._agent_read_to:
            return None
        self._agent_read_to = conversation.agent_read_to
        read = conversation.messages.filter(pk__lte=conversation.agent_read_to)
        last = read.order_by("-pk").first()
        return last.public_id if last else None

    def _new_unread(self, count: int) -> int | None:
        is_news = count != self._unread
        self._unread = count
        return count if is_news else None
