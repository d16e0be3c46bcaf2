"""From stored messages to pushes: claim, check, send, record."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from time import monotonic

from django.conf import settings
from django.db import OperationalError, transaction
from psycopg.errors import LockNotAvailable

from campaigns import ledger
from campaigns.announcements import announce_settled
from campaigns.clock import DatabaseClock
from campaigns.eligibility import Allowed, MessageFacts, Refused, Waits, decide
from campaigns.facts import lock_and_fetch, lock_and_fetch_free
from campaigns.gate import pass_gate
from campaigns.ledger import Claimed, Event, Settled
from campaigns.lookout import Lookout
from campaigns.metrics import UNKNOWN_RETRIES
from campaigns.models import EventKind, State
from campaigns.pace import Pace
from campaigns.poison import report_poison
from campaigns.sending import (
    HELD_UP,
    Sending,
    again,
    refuse,
    reply_route,
    row_event,
    wait,
)
from common.calls import TICK
from consumers.services import note_environments, remove_dead_devices
from conversations.models import MessageState
from conversations.services import close_routes, open_reply_routes, set_route_states
from push.providers.base import Outcome, PushResult
from push.services import PushJob, longest_wait, send

logger = logging.getLogger(__name__)

# Rows whose facts are fetched, and whose consumers are locked, together.
SLICE = 100
FLUSH_ROWS = 100
FLUSH_SECONDS = 0.5
# Seconds of the lease that are kept for recording what comes back last.
FLUSH_MARGIN = 1.0
# What a slice waits for consumers whom somebody else has locked, and what their messages wait then.
LOCK_TIMEOUT = "3s"
LOCKED_WAIT = 30.0


@dataclass(slots=True)
class Delivered:
    """What one batch did: rows claimed, those there was time for, and the lanes that got work."""

    claimed: int = 0
    done: int = 0
    lanes: set[str] = field(default_factory=set)


def deliver(lane: str, *, limit: int | None = None) -> Delivered:
    """Claim a batch of a lane's due rows and bring each as far as it goes now."""
    began, pace = monotonic(), Pace()
    rows = ledger.claim(
        lane=lane,
        limit=min(limit or settings.DELIVERY_CLAIM, settings.DELIVERY_CLAIM),
        lease=settings.DELIVERY_LEASE,
        quotas=pace.quotas(),
    )
    if not rows:
        return Delivered()
    batch = _Batch(lane, _take_turns(rows), pace, began=began)
    left = batch.run()
    logger.info("Delivered batch of %d in lane %s", len(rows) - left, lane)
    return Delivered(len(rows), len(rows) - left, batch.lanes)


def _take_turns(rows: Sequence[Claimed]) -> Sequence[Claimed]:
    """One row of each account, then another one of each, so that no long queue comes first."""
    if all(row.account_id == rows[0].account_id for row in rows):
        return rows
    turns: Counter[int] = Counter()
    in_turn = []
    for row in rows:
        in_turn.append((turns[row.account_id], row))
        turns[row.account_id] += 1
    return [row for _, row in sorted(in_turn, key=itemgetter(0))]


def _time_to_start() -> float:
    """Seconds of a lease in which a request may begin."""
    lease: float = settings.DELIVERY_LEASE.total_seconds()
    longest: float = settings.DELIVERY_TOTAL_TIMEOUT
    return lease - longest - min(FLUSH_MARGIN, lease / 8)


class _Batch:
    """The rows of one claim on their way, until each is settled or put back."""

    def __init__(self, lane: str, rows: Sequence[Claimed], pace: Pace, *, began: float) -> None:
        self.lane = lane
        self.rows = rows
        self.pace = pace
        self.ends = began + settings.DELIVERY_BATCH_SECONDS
        # A request begun by then has ended, and is recorded, inside the lease.
        self.start_by = began + _time_to_start()
        self.lanes: set[str] = set()
        self.unstarted = {row.id: row for row in rows}
        self.under_way: dict[str, Sending] = {}
        self.settled: list[Settled] = []
        self.events: list[Event] = []
        self.dead_devices: dict[str, dict[int, datetime]] = {}
        self.environments: dict[int, str] = {}
        self.lookout = Lookout()
        self.clock = DatabaseClock()
        self.claimed_at = self.clock.now()
        self.flushed_at = monotonic()

    def run(self) -> int:
        """Returns how many rows there was no time for."""
        lost = [row for row in self.rows if row.was == State.SENDING]
        now = self.claimed_at
        ledger.write_events([row_event(row, EventKind.WORKER_LOST, now) for row in lost])
        try:
            with closing(send(self._feed(), now=now, start_by=self.start_by)) as results:
                for result in results:
                    if result is not TICK:
                        self._take(result)
                    if self._is_flush_due():
                        self._flush()
        finally:
            self._flush()
            left = ledger.release(list(self.unstarted.values()))
        return left

    def _feed(self) -> Iterator[PushJob]:
        """Check a slice, then hand out its requests; the transport pulls as places fall free."""
        for start in range(0, len(self.rows), SLICE):
            if not self._has_time():
                return
            for sending in self._let_go(self._check(self.rows[start : start + SLICE])):
                if not self._has_time():
                    return
                self.unstarted.pop(sending.row.id)
                now = self.clock.now()
                hindrance = sending.too_late(now) or self.lookout.hold_back(sending, now)
                if hindrance is not None:
                    self._put_off(sending.row, hindrance, now)
                    continue
                self.under_way[sending.row.public_id.hex] = sending
                yield from sending.jobs(now)

    def _let_go(self, checked: Sequence[Sending]) -> list[Sending]:
        going, put_back = self.pace.let_go(checked, self.clock.now())
        self.settled += put_back
        return going

    def _put_off(self, row: Claimed, becomes: Settled, now: datetime) -> None:
        kind = EventKind.DEFERRED if becomes.state == State.QUEUED else EventKind.DECIDED
        self.settled.append(becomes)
        self.events.append(row_event(row, kind, now, reason=becomes.reason))

    def _has_time(self) -> bool:
        """Whether a request pulled now finds a place in time; and whether it is not the turn of
        what came meanwhile."""
        now = monotonic()
        return now < self.ends and now + longest_wait() < self.start_by

    def _check(self, part: Sequence[Claimed]) -> list[Sending]:
        """A lock that is held for long holds up its own messages, not whoever delivers."""
        try:
            return self._ask_rules(part)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            return self._ask_rules(part, is_free_only=True)

    @transaction.atomic
    def _ask_rules(self, part: Sequence[Claimed], *, is_free_only: bool = False) -> list[Sending]:
        """Ask the rules for a slice; settle the refused, open reply routes for the rest."""
        now = self.clock.read(lock_timeout=None if is_free_only else LOCK_TIMEOUT)
        fetch = lock_and_fetch_free if is_free_only else lock_and_fetch
        allowed, settled, events = [], [], []
        left = {row.id: row for row in part}
        for row, facts in fetch(part, now=now):
            del left[row.id]
            verdict = self._decide(row, facts, now)
            if isinstance(verdict, Allowed):
                allowed.append((row, facts, verdict))
            elif isinstance(verdict, Refused):
                settled.append(refuse(row, verdict))
                events.append(row_event(row, EventKind.DECIDED, now, reason=verdict.reason))
            elif isinstance(verdict, Waits):
                settled.append(wait(row, verdict))
                events.append(row_event(row, EventKind.DEFERRED, now, reason=verdict.reason))
            else:
                settled.append(verdict)
        settled += [again(row, LOCKED_WAIT) for row in left.values()]
        passed = pass_gate(allowed, lane=self.lane, now=now)
        self.lanes |= passed.lanes
        self.lookout.watched.add(passed.watched)
        self._settle(settled, events, now)
        # What waits for its provider is written down once the others' pushes are on their way.
        self.settled += passed.put_back
        self.events += passed.told
        open_reply_routes(routes=[reply_route(s.row, s.facts) for s in passed.going])
        UNKNOWN_RETRIES.inc(sum(sending.repeats for sending in passed.going))
        return passed.going

    def _decide(
        self, row: Claimed, facts: MessageFacts, now: datetime
    ) -> Allowed | Refused | Waits | Settled:
        try:
            return decide(facts, now=now)
        except Exception as error:  # a poisoned row must not hold up the rest of its slice
            return report_poison(row, error, now)

    def _take(self, result: PushResult) -> None:
        """Read one answer; settle its message as soon as that is known."""
        sending, now = self.under_way[result.message_id], self.clock.now()
        sending.results.append(result)
        if result.is_started:
            self.events.append(sending.event(result, now))
        if result.outcome is Outcome.UNREGISTERED:
            dead = self.dead_devices.setdefault(result.reason, {})
            dead[result.device_id] = result.dead_since or self.claimed_at
        if result.environment:
            self.environments[result.device_id] = result.environment
        self.lookout.add(sending, result)
        if not sending.is_settled and (result.outcome is Outcome.ACCEPTED or sending.is_done):
            sending.is_settled = True
            self._become(sending.row, sending.outcome(now), now)
        if sending.is_done:
            del self.under_way[result.message_id]

    def _become(self, row: Claimed, becomes: Settled, now: datetime) -> None:
        self.settled.append(becomes)
        if becomes.reason == HELD_UP and row.waited_for != HELD_UP:
            self.events.append(row_event(row, EventKind.DEFERRED, now, reason=HELD_UP))

    def _is_flush_due(self) -> bool:
        if len(self.settled) >= FLUSH_ROWS or self.lookout.is_urgent:
            return True
        is_late: bool = monotonic() - self.flushed_at >= FLUSH_SECONDS
        return is_late and len(self.settled) + len(self.events) > 0

    def _flush(self) -> None:
        if self.settled or self.events:
            now = self.clock.now()
            with transaction.atomic():
                self._settle(self.settled, self.events, now)
                for reason, dead in self.dead_devices.items():
                    remove_dead_devices(dead_since=dead, reason=reason, now=now)
                if self.environments:
                    note_environments(environments=self.environments)
        self.settled, self.events, self.dead_devices, self.environments = [], [], {}, {}
        self.flushed_at = monotonic()
        self.lanes |= self.lookout.report(now=self.clock.now())

    def _settle(self, settled: Sequence[Settled], events: Sequence[Event], now: datetime) -> None:
        """Write states, counts and events, tell reply routes and webhooks; in a transaction."""
        kept = ledger.settle(settled, now=now)
        ledger.write_events(events)
        for entry in settled:
            self.unstarted.pop(entry.id, None)
        sent = [row.public_id for row in kept if row.state == State.SENT]
        if sent:
            set_route_states(message_ids=sent, state=MessageState.SENT, now=now)
        ended = [row.public_id for row in kept if row.state not in {State.SENT, State.QUEUED}]
        if ended:
            close_routes(message_ids=ended)
        announce_settled(kept, now=now)
