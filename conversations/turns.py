"""What was said, in turns: who, on which day, and how far it has come (E6)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from common.template_words import day_word
from conversations.models import Conversation, Message, PushState, ReplyPush, Sender
from conversations.queue import name_of
from conversations.seats import Seat

# What one side says with shorter breaks stands together.
BREAK = timedelta(minutes=5)
# Of a push that is still on its way nothing is told.
_PUSHED = {
    PushState.SENT: "pushed",
    PushState.FAILED: "could not be pushed",
    PushState.EXPIRED: "could not be pushed",
}
_NOT_PUSHED = {
    "no_device": "no phone to push to",
    "sdk_too_old": "the app is too old for pushes",
    "no_credentials": "the app has no push credentials",
    "shown_live": "shown",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What one side said in a row; ``who`` is empty for oneself. ``day`` begins another day.

    ``told`` is how far an agent's words have come: read, or what became of their push.
    """

    messages: Sequence[Message]
    sender: str
    who: str
    told: str
    day: str

    @property
    def last(self) -> Message:
        return self.messages[-1]


class Turns:
    """The messages of one conversation, for who sits there."""

    def __init__(
        self, conversation: Conversation, messages: Sequence[Message], *, seat: Seat, now: datetime
    ) -> None:
        self._conversation = conversation
        self._messages = messages
        self._seat = seat
        self._zone = ZoneInfo(seat.account.time_zone)
        self._now = now.astimezone(self._zone)
        self._pushes = self._fetch_pushes()

    def __iter__(self) -> Iterator[Said]:
        turn: list[Message] = []
        day: date | None = None
        for message in self._messages:
            if turn and not self._goes_on(turn[-1], message):
                yield self._said(turn, day)
                day, turn = self._day(turn[0]), []
            turn.append(message)
        if turn:
            yield self._said(turn, day)

    def _goes_on(self, before: Message, message: Message) -> bool:
        return (
            (before.sender, before.author) == (message.sender, message.author)
            and message.sent_at - before.sent_at < BREAK
            and self._day(before) == self._day(message)
            and self._is_read(before) == self._is_read(message)
        )

    def _said(self, turn: Sequence[Message], day: date | None) -> Said:
        first = turn[0]
        today = self._day(first)
        return Said(
            messages=tuple(turn),
            sender=first.sender,
            who=self._who(first),
            told=self._told(turn[-1]),
            day="" if today == day else day_word(first.sent_at.astimezone(self._zone), self._now),
        )

    def _who(self, message: Message) -> str:
        if message.sender == Sender.CONSUMER:
            return name_of(self._conversation)
        return "" if message.author == self._seat.name else message.author

    def _told(self, message: Message) -> str:
        push = self._pushes.get(message.pk)
        if message.sender == Sender.AGENT and self._is_read(message):
            return "read"
        if push is None:
            return ""
        if push.state == PushState.SKIPPED:
            return _NOT_PUSHED.get(push.reason, "")
        return _PUSHED.get(PushState(push.state), "")

    def _fetch_pushes(self) -> Mapping[int, ReplyPush]:
        """Of what the consumer has not read."""
        unread = [message.pk for message in self._messages if not self._is_read(message)]
        pushes = ReplyPush.objects.filter(message__in=unread)
        return {push.message_id: push for push in pushes.only("message_id", "state", "reason")}

    def _is_read(self, message: Message) -> bool:
        return message.pk <= self._conversation.consumer_read_to

    def _day(self, message: Message) -> date:
        return message.sent_at.astimezone(self._zone).date()
