"""One conversation as an agent sees it: what the consumer was told, then what was said (E4, E5)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from common.template_words import day_word
from conversations.context import Context, context_of
from conversations.live import is_watching
from conversations.models import (
    Conversation,
    ConversationState,
    Message,
    ReplyRoute,
    Sender,
)
from conversations.queue import letters_of, name_of
from conversations.seats import Seat
from conversations.selectors import MAX_SHOWN, last_messages

MAX_EARLIER = 10


@dataclass(frozen=True, slots=True)
class Said:
    """What one side said in a row; ``who`` is empty for oneself. ``day`` begins another day."""

    messages: Sequence[Message]
    sender: str
    who: str
    is_read: bool
    day: str

    @property
    def last(self) -> Message:
        return self.messages[-1]


@dataclass(frozen=True, slots=True)
class Log:
    """``last_id`` is the last message's primary key, 0 before the first."""

    outbound: Sequence[ReplyRoute]
    said: Sequence[Said]
    last_id: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Chat:
    """``mode``: ``mine``, ``free`` (nobody has it), ``taken`` (a colleague has) or ``closed``."""

    conversation: Conversation
    who: str
    mode: str
    log: Log
    has_app_open: bool

    @property
    def letters(self) -> str:
        return letters_of(self.who)

    @property
    def accepted_in(self) -> timedelta | None:
        at = self.conversation.accepted_at
        return at - self.conversation.opened_at if at else None


@dataclass(frozen=True, slots=True)
class About:
    """``replied`` are the messages that this conversation answers, newest first."""

    context: Context
    replied: Sequence[ReplyRoute]
    earlier: Sequence[Conversation]


def chat_of(conversation: Conversation, *, seat: Seat, now: datetime) -> Chat:
    consumer_id = conversation.consumer_id
    is_open = conversation.state == ConversationState.OPEN
    return Chat(
        conversation=conversation,
        who=name_of(conversation),
        mode=mode_of(conversation, seat),
        log=_log(conversation, seat, now),
        has_app_open=is_open and consumer_id is not None and is_watching(consumer_id),
    )


def mode_of(conversation: Conversation, seat: Seat) -> str:
    if conversation.state == ConversationState.CLOSED:
        return "closed"
    if not conversation.accepted_by:
        return "free"
    return "mine" if conversation.accepted_by == seat.name else "taken"


def about(conversation: Conversation, *, seat: Seat, now: datetime) -> About:
    others = seat.conversations().filter(consumer=conversation.consumer, account=seat.account)
    is_known = conversation.consumer_id is not None
    earlier = others.filter(pk__lt=conversation.pk).select_related("skill").order_by("-pk")
    routes = conversation.routes.select_related("skill").order_by("-valid_from", "-pk")
    return About(
        context=context_of(conversation, now=now),
        replied=list(routes),
        earlier=list(earlier[:MAX_EARLIER]) if is_known else [],
    )


def _log(conversation: Conversation, seat: Seat, now: datetime) -> Log:
    messages = last_messages(conversation)
    routes = conversation.routes.order_by("valid_from", "pk")
    return Log(
        outbound=list(routes),
        said=list(_in_turns(messages, conversation, seat, now)),
        last_id=messages[-1].pk if messages else 0,
        is_cut=len(messages) == MAX_SHOWN,
    )


def _in_turns(
    messages: Sequence[Message], conversation: Conversation, seat: Seat, now: datetime
) -> Iterator[Said]:
    """What one side says within some minutes stands together, as far as the other has read it."""
    zone = ZoneInfo(seat.account.time_zone)
    turn: list[Message] = []
    day: date | None = None
    for message in messages:
        if turn and not _goes_on(turn[-1], message, conversation, zone):
            yield _said(turn, conversation, seat, day, zone, now)
            day, turn = _day(turn[0], zone), []
        turn.append(message)
    if turn:
        yield _said(turn, conversation, seat, day, zone, now)


def _goes_on(before: Message, message: Message, conversation: Conversation, zone: ZoneInfo) -> bool:
    return (
        (before.sender, before.author) == (message.sender, message.author)
        and message.sent_at - before.sent_at < timedelta(minutes=5)
        and _day(before, zone) == _day(message, zone)
        and _is_read(before, conversation) == _is_read(message, conversation)
    )


def _said(
    turn: Sequence[Message],
    conversation: Conversation,
    seat: Seat,
    day: date | None,
    zone: ZoneInfo,
    now: datetime,
) -> Said:
    first = turn[0]
    is_mine = first.author == seat.name
    who = name_of(conversation) if first.sender == Sender.CONSUMER else first.author
    local = first.sent_at.astimezone(zone)
    return Said(
        messages=tuple(turn),
        sender=first.sender,
        who="" if is_mine and first.sender == Sender.AGENT else who,
        is_read=first.sender == Sender.AGENT and _is_read(first, conversation),
        day="" if local.date() == day else day_word(local, now.astimezone(zone)),
    )


def _is_read(message: Message, conversation: Conversation) -> bool:
    return message.pk <= conversation.consumer_read_to


def _day(message: Message, zone: ZoneInfo) -> date:
    return message.sent_at.astimezone(zone).date()
