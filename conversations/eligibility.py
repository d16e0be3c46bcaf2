"""Whether an agent's message is pushed now, and to which devices (E6): small rules in their order.

The rules read facts that were fetched for a whole batch; they ask no database and no clock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from consumers.models import Device
from consumers.sdk_versions import missing_sdk_version
from conversations.live import WATCHED_FOR
from conversations.models import PushState, ReplyPush

# An app that watches gets this long to show the message and to say so.
GRACE = timedelta(seconds=2)
# From then on a watch that was renewed since the message is one that has shown it: what a dead app
# left behind has ended.
SHOWN_BY_THEN = timedelta(seconds=WATCHED_FOR + 1)
# What was said last goes out although the conversation was closed right after it.
LAST_WORD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PushFacts:
    """``devices`` are those whose log-out type lets them have it, the one used last first;
    ``credentials`` has the one in use, by device. ``badge`` is what the consumer has not seen."""

    push: ReplyPush
    sequence: int
    devices: Sequence[Device]
    credentials: Mapping[int, int]
    is_watched: bool
    badge: int


@dataclass(frozen=True, slots=True)
class NotPushed:
    """The push ends here."""

    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Waits:
    """The push is looked at again in so many seconds."""

    seconds: float


Rule = Callable[[PushFacts, datetime], NotPushed | Waits | None]


def _skipped(reason: str) -> NotPushed:
    return NotPushed(PushState.SKIPPED, reason)


def erased(facts: PushFacts, now: datetime) -> NotPushed | None:
    return _skipped("consumer_erased") if facts.push.conversation.consumer_id is None else None


def too_late(facts: PushFacts, now: datetime) -> NotPushed | None:
    if now < facts.push.expires_at:
        return None
    return NotPushed(PushState.EXPIRED, facts.push.reason or "too_late")


def already_read(facts: PushFacts, now: datetime) -> NotPushed | None:
    is_read = facts.push.message_id <= facts.push.conversation.consumer_read_to
    return _skipped("read") if is_read else None


def closed(facts: PushFacts, now: datetime) -> NotPushed | None:
    closed_at = facts.push.conversation.closed_at
    is_over = closed_at is not None and now >= closed_at + LAST_WORD
    return _skipped("conversation_closed") if is_over else None


def no_device(facts: PushFacts, now: datetime) -> NotPushed | None:
    return None if facts.devices else _skipped("no_device")


def sdk_too_old(facts: PushFacts, now: datetime) -> NotPushed | None:
    return None if any(map(_is_new_enough, facts.devices)) else _skipped("sdk_too_old")


def no_credentials(facts: PushFacts, now: datetime) -> NotPushed | None:
    return None if _reachable(facts) else _skipped("no_credentials")


def watched(facts: PushFacts, now: datetime) -> NotPushed | Waits | None:
    """The dialog is open: it shows the message by itself, unless its app is gone without a word."""
    if not facts.is_watched:
        return None
    age = now - facts.push.message.sent_at
    if age >= SHOWN_BY_THEN:
        return _skipped("shown_live")
    # After 2, 4, 8 and 16 seconds, and when it is certain.
    return Waits(max(1.0, min(age, SHOWN_BY_THEN - age).total_seconds()))


RULES: tuple[Rule, ...] = (
    erased,
    too_late,
    already_read,
    closed,
    no_device,
    sdk_too_old,
    no_credentials,
    watched,
)


def decide(facts: PushFacts, *, now: datetime) -> NotPushed | Waits | Sequence[Device]:
    """Ask the rules in their order; the first that has something to say counts. Without any, the
    devices that get it: all that may, but for those that an earlier try is over with."""
    for rule in RULES:
        said = rule(facts, now)
        if said is not None:
            return said
    tries = facts.push.tries
    left = [device for device in _reachable(facts) if not tries.get(str(device.pk), {}).get("over")]
    return left or NotPushed(PushState.FAILED, facts.push.reason or "refused")


def _reachable(facts: PushFacts) -> list[Device]:
    return [d for d in facts.devices if d.pk in facts.credentials and _is_new_enough(d)]


def _is_new_enough(device: Device) -> bool:
    return not missing_sdk_version(device)
