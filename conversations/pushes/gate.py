"""Which of the pushes that the rules allow go now: by ways that are open, or to try one that is
held up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from consumers.models import Device
from conversations.eligibility import PushFacts
from conversations.models import PushState
from conversations.pushes.content import address
from conversations.pushes.queue import Settled
from conversations.pushes.sending import HELD_UP, Sending, Target
from push.breakers import PROBE_INTERVAL, Breakers, Hold, Watched
from push.services import Ways

# Until a credential that cannot be used at all is looked at again.
UNUSABLE = timedelta(minutes=1)
# What waits is looked at ever more rarely, and yet soon after its provider is back.
LONGEST_WAIT = timedelta(seconds=30)

_rng = Random()


@dataclass(slots=True)
class Passed:
    """What became of a batch."""

    going: list[Sending] = field(default_factory=list)
    put_back: list[Settled] = field(default_factory=list)
    watched: Watched = field(default_factory=Watched)


@dataclass(frozen=True, slots=True)
class Allowed:
    """A push that the rules allow, to these devices."""

    facts: PushFacts
    fence: int
    devices: Sequence[Device]


def pass_gate(allowed: Sequence[Allowed], *, now: datetime) -> Passed:
    """Let each pass, or put it back; inside a transaction."""
    ways = Ways(one.facts.credentials[device.pk] for one in allowed for device in one.devices)
    found = [(one, _find_targets(one, ways)) for one in allowed]
    breakers = Breakers(ways.found(), now=now)
    passed = Passed(watched=breakers.watched)
    for one, targets in found:
        sending = _let_through(one, targets, breakers, now)
        if isinstance(sending, Sending):
            passed.going.append(sending)
        else:
            passed.put_back.append(sending)
    return passed


def _find_targets(allowed: Allowed, ways: Ways) -> list[Target]:
    credentials = allowed.facts.credentials
    found = [
        (device, ways.find(credentials[device.pk], address(device))) for device in allowed.devices
    ]
    return [Target(device, way) for device, way in found if way is not None]


def _let_through(
    allowed: Allowed, targets: Sequence[Target], breakers: Breakers, now: datetime
) -> Sending | Settled:
    free, held = [], []
    for target in targets:
        hold = breakers.hold(target.way)
        if hold is None:
            free.append(target)
        else:
            held.append((target, hold))
    waits = [_look_again_in(hold, now) for _, hold in held]
    if free:
        return Sending(allowed.facts, allowed.fence, free, min(waits, default=None))
    for target, hold in held:
        is_due = hold.probe_at is not None and hold.probe_at <= now
        if is_due and breakers.claim_probe(target.way, now=now):
            left = min(waits) if len(held) > 1 else None
            return Sending(allowed.facts, allowed.fence, [target], left, is_probe=True)
    due_in = min(waits, default=UNUSABLE.total_seconds())
    return Settled(allowed.facts.push.pk, allowed.fence, PushState.QUEUED, HELD_UP, due_in)


def _look_again_in(hold: Hold, now: datetime) -> float:
    """About as long again as it has held, spread, and after the next probe."""
    spread = min(max(now - hold.since, PROBE_INTERVAL), LONGEST_WAIT)
    until_probe = max(hold.probe_at or now, now) - now
    return (until_probe + spread * _rng.uniform(0.5, 1.0)).total_seconds()
