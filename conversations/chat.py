"""One conversation as an agent sees it: what the consumer was told, then what was said (E4, E5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from conversations.context import Context, context_of
from conversations.live import is_watching
from conversations.models import Conversation, ConversationState, ReplyRoute
from conversations.queue import letters_of, name_of
from conversations.seats import Seat
from conversations.selectors import MAX_SHOWN, answered_routes, last_messages, reply_devices
from conversations.turns import Said, Turns

MAX_EARLIER = 10


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
    has_phone: bool

    @property
    def letters(self) -> str:
        return letters_of(self.who)

    @property
    def accepted_in(self) -> timedelta | None:
        at = self.conversation.accepted_at
        return at - self.conversation.opened_at if at else None


@dataclass(frozen=True, slots=True)
class About:
    """``replied`` is the message that this conversation answers, the newest of several."""

    context: Context
    replied: ReplyRoute | None
    earlier: Sequence[Conversation]


def chat_of(conversation: Conversation, *, seat: Seat, now: datetime) -> Chat:
    mode = mode_of(conversation, seat)
    # Only who can reply is told where that goes.
    to = [conversation.consumer_id] if conversation.consumer_id and mode == "mine" else []
    return Chat(
        conversation=conversation,
        who=name_of(conversation),
        mode=mode,
        log=_log(conversation, seat, now),
        has_app_open=any(map(is_watching, to)),
        has_phone=bool(to) and reply_devices(to).exists(),
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
    return About(
        context=context_of(conversation, now=now),
        replied=_newest(conversation),
        earlier=list(earlier[:MAX_EARLIER]) if is_known else [],
    )


def _newest(conversation: Conversation) -> ReplyRoute | None:
    routes = answered_routes(conversation)
    return max(routes, key=lambda route: (route.valid_from, route.pk), default=None)


def _log(conversation: Conversation, seat: Seat, now: datetime) -> Log:
    messages = last_messages(conversation)
    routes = sorted(answered_routes(conversation), key=lambda route: (route.valid_from, route.pk))
    return Log(
        outbound=routes,
        said=list(Turns(conversation, messages, seat=seat, now=now)),
        last_id=messages[-1].pk if messages else 0,
        is_cut=len(messages) == MAX_SHOWN,
    )
