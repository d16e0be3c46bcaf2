"""Which of the messages that the rules allow go now: by a way that is open, in its lane.

What is slow or held up is put aside, into a lane of its own, and only there a way is tried: by the
sweep, or by workers while no sweep is alive.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from campaigns.eligibility import Allowed, DeviceFacts, MessageFacts
from campaigns.holds import look_again_at
from campaigns.lanes import ASIDE
from campaigns.ledger import Claimed, Event, Settled
from campaigns.models import EventKind, State
from campaigns.sending import HELD_UP, Sending, Target, again, put_aside, row_event
from push.breakers import PROBE_INTERVAL, Breakers, Hold, Watched
from push.services import Ways
from push.ways import Scope

# Until a credential that cannot be used at all is looked at again.
UNUSABLE = timedelta(minutes=1)


class Candidate(NamedTuple):
    """A message that the rules allow, and the ways to its devices; ``spare``: there are others."""

    row: Claimed
    facts: MessageFacts
    targets: Sequence[Target]
    has_spare: bool


class Held(NamedTuple):
    """A message all of whose ways are held up, and the one of them that is tried first."""

    candidate: Candidate
    target: Target
    hold: Hold


@dataclass(slots=True)
class Passed:
    """What became of a slice; ``lanes`` got work from it."""

    going: list[Sending] = field(default_factory=list)
    put_back: list[Settled] = field(default_factory=list)
    told: list[Event] = field(default_factory=list)
    lanes: set[str] = field(default_factory=set)
    watched: Watched = field(default_factory=Watched)


def pass_gate(
    allowed: Sequence[tuple[Claimed, MessageFacts, Allowed]], *, lane: str, now: datetime
) -> Passed:
    """Find the way of each message, and let it pass or put it back; inside a transaction."""
    ways = Ways(
        device.credential_id
        for _, _, verdict in allowed
        for device in (*verdict.devices, *verdict.spare)
        if device.credential_id
    )
    gate = _Gate(lane, now)
    candidates = [
        candidate
        for row, facts, verdict in allowed
        if (candidate := gate.find_candidate(row, facts, verdict, ways))
    ]
    gate.let_through(candidates, Breakers(ways.found(), now=now))
    return gate.passed


class _Gate:
    def __init__(self, lane: str, now: datetime) -> None:
        self.lane = lane
        self.now = now
        self.passed = Passed()

    def find_candidate(
        self, row: Claimed, facts: MessageFacts, verdict: Allowed, ways: Ways
    ) -> Candidate | None:
        """The devices that may still be asked; a message that has none is settled here."""
        chosen = find_targets(verdict.devices, ways)
        spare = find_targets(verdict.spare, ways)
        if not chosen and not spare:
            self._put_aside(row, self.now + UNUSABLE)
            return None
        left = [target for target in chosen if not _is_over(target, facts)]
        others = [target for target in spare if not _is_over(target, facts)]
        if left:
            return Candidate(row, facts, left, bool(others))
        if others:
            return Candidate(row, facts, others[:1], len(others) > 1)
        ended = Settled(row.id, row.fence, State.FAILED, "provider_unavailable")
        self.passed.put_back.append(ended)
        return None

    def let_through(self, candidates: Iterable[Candidate], breakers: Breakers) -> None:
        self.passed.watched.add(breakers.watched)
        held = []
        is_quiet = breakers.is_quiet
        for candidate in candidates:
            if is_quiet and not any(target.way.switched_off_at for target in candidate.targets):
                self._send(candidate, candidate.targets, breakers)
                continue
            holds = [breakers.hold(target.way) for target in candidate.targets]
            free = [t for t, hold in zip(candidate.targets, holds, strict=True) if hold is None]
            if free:
                self._send(candidate, free, breakers)
            else:
                held.append(_first_to_try(candidate, holds))
        self._hold(held, breakers)

    def _send(self, candidate: Candidate, free: Sequence[Target], breakers: Breakers) -> None:
        row, facts, targets, has_spare = candidate
        is_slow = any(breakers.is_slow(target.way) for target in free)
        lane = ASIDE if is_slow else free[0].way.provider.kind
        if lane != self.lane:
            self.passed.put_back.append(again(row, 0.0, lane=lane))
            self.passed.lanes.add(lane)
            return
        has_spare = has_spare or len(free) < len(targets)
        self.passed.going.append(Sending(row, facts, free, has_spare))

    def _hold(self, held: Iterable[Held], breakers: Breakers) -> None:
        """Put them back. By each way one of them tries it, now or when its turn comes."""
        by_way: dict[tuple[Scope, ...], list[Held]] = defaultdict(list)
        for one in held:
            by_way[one.target.way.scopes].append(one)
        for waiting in by_way.values():
            first = min(waiting, key=_is_dear)
            waiting.remove(first)
            self._hold_first(first, breakers)
            for one in waiting:
                self._put_aside(one.candidate.row, look_again_at(one.hold, self.now))

    def _hold_first(self, first: Held, breakers: Breakers) -> None:
        (row, facts, targets, has_spare), target, hold = first
        if hold.probe_at is None:
            self._put_aside(first.candidate.row, look_again_at(hold, self.now))
        elif hold.probe_at > self.now:
            self._put_aside(first.candidate.row, hold.probe_at)
        elif self.lane != ASIDE:
            self._put_aside(first.candidate.row, self.now)
        elif breakers.claim_probe(target.way, now=self.now):
            has_spare = has_spare or len(targets) > 1
            self.passed.going.append(Sending(row, facts, [target], has_spare, self.now))
        else:
            self._put_aside(first.candidate.row, self.now + PROBE_INTERVAL)

    def _put_aside(self, row: Claimed, due_at: datetime) -> None:
        self.passed.put_back.append(put_aside(row, due_at))
        self.passed.lanes.add(ASIDE)
        if row.waited_for != HELD_UP:
            event = row_event(row, EventKind.DEFERRED, self.now, reason=HELD_UP)
            self.passed.told.append(event)


def find_targets(devices: Sequence[DeviceFacts], ways: Ways) -> list[Target]:
    """The ways to those of the devices that have one."""
    found = []
    for device in devices:
        if device.credential_id and (way := ways.find(device.credential_id, device)):
            found.append(Target(device, way))
    return found


def _is_over(target: Target, facts: MessageFacts) -> bool:
    """Whether the provider's contract allows no further try at this device."""
    unavailable = facts.past.unavailable.get(target.device.id, 0)
    return target.way.provider.retry.is_over(unavailable)


def _first_to_try(candidate: Candidate, holds: Sequence[Hold | None]) -> Held:
    """The device whose way is tried first; a way that was switched off is not tried."""
    found = [
        Held(candidate, target, hold)
        for target, hold in zip(candidate.targets, holds, strict=True)
        if hold
    ]
    return min(
        found, key=lambda held: (not held.hold.probe_at, held.hold.probe_at or held.hold.since)
    )


def _is_dear(held: Held) -> tuple[int, int]:
    """The fewer the better: devices that a probe leaves out, tries that it adds to."""
    return len(held.candidate.targets), held.candidate.row.attempts
