"""What the workspace is told while it is open: that something changed, who arrived, who writes."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from common.event_stream import BEAT, Beat, Event, let_go
from common.live import Following, follow, listener
from conversations.live import account_topic
from conversations.models import Sender
from conversations.seats import Seat
from conversations.services import note_seen

logger = logging.getLogger(__name__)

# So often it is asked anew who sits there, and looked for what no hint told.
BEAT_SECONDS = 15.0
# The same while no hints arrive.
UNTOLD_SECONDS = 3.0
# Hints of one moment are answered by one look.
GATHER_SECONDS = 0.1
# So many, the newest, are told apart; of older ones the number alone is.
MOST_SEEN = 1000


@dataclass(frozen=True, slots=True)
class Sight:
    """What the queue is made of, to tell whether it is another one: its newest conversations, and
    how many wait in all."""

    rows: Sequence[tuple[Any, ...]]
    waiting: int

    @property
    def mark(self) -> str:
        """By which a page that was made from it knows it again."""
        return sha256(repr((self.rows, self.waiting)).encode()).hexdigest()[:16]

    def arrived_since(self, seen: "Sight") -> int:
        """What is seen because a newer one was closed has been there before."""
        before = seen.rows[-1][0] if len(seen.rows) == MOST_SEEN else 0
        return len({pk for pk in self._free() - seen._free() if pk > before})

    def _free(self) -> set[int]:
        return {row[0] for row in self.rows if not row[1]}


def desk_events(seat: Seat, *, renewed: Callable[[], Seat | None]) -> Iterator[Event | Beat]:
    """Events ``queue`` (``waiting``, ``arrived``, ``mark``) and ``typing``.

    They go on for as long as ``renewed`` says that the person may sit there, and end where the
    database is away: the page asks again.
    """
    with follow(account_topic(seat.account.pk)) as following:
        try:
            yield from _events(seat, following, renewed)
        except (OperationalError, InterfaceError) as error:
            logger.warning("A workspace could not look: %s", type(error).__name__)


def _events(
    seat: Seat, following: Following, renewed: Callable[[], Seat | None]
) -> Iterator[Event | Beat]:
    seen: Sight | None = None
    renew_at = 0.0
    while True:
        if time.monotonic() >= renew_at:
            found = renewed()
            if found is None:
                return
            seat, renew_at = found, time.monotonic() + BEAT_SECONDS
            note_seen(account=seat.account, user=seat.user, now=timezone.now())
        sight = sight_of(seat)
        # Before anything is written: a reader who takes nothing holds up this thread alone.
        let_go()
        if seen is None or sight != seen:
            arrived = sight.arrived_since(seen) if seen is not None else 0
            told = {"waiting": sight.waiting, "arrived": arrived, "mark": sight.mark}
            yield Event("queue", told)
        else:
            yield BEAT
        seen = sight
        yield from _until_something_changes(seat, following, renew_at)


def _until_something_changes(
    seat: Seat, following: Following, renew_at: float
) -> Iterator[Event | Beat]:
    while (left := renew_at - time.monotonic()) > 0:
        if not listener().is_connected:
            left = min(left, UNTOLD_SECONDS)
        hints = following.wait(left)
        yield from _typing(seat, hints)
        if any(hint["kind"] == "changed" for hint in hints):
            time.sleep(GATHER_SECONDS)
            return
        if not hints and not listener().is_connected:
            return


def _typing(seat: Seat, hints: Sequence[Mapping[str, Any]]) -> Iterator[Event]:
    own = {skill.pk for skill in seat.skills}
    for hint in hints:
        if hint["kind"] == "typing" and hint["sender"] == Sender.CONSUMER and hint["skill"] in own:
            yield Event(
                "typing", {"conversation": hint["conversation"], "isTyping": hint["isTyping"]}
            )


def sight_of(seat: Seat) -> Sight:
    rows = tuple(
        seat.open_conversations()
        .order_by("-pk")
        .values_list(
            "pk",
            "accepted_by",
            "skill_id",
            "waiting_since",
            "last_said_at",
            "consumer_read_to",
            "agent_read_to",
        )[:MOST_SEEN]
    )
    if len(rows) < MOST_SEEN:
        return Sight(rows, sum(not row[1] for row in rows))
    return Sight(rows, seat.open_conversations().filter(accepted_by="").count())
