"""From stored messages to pushes: claim, check, send, record."""

import hashlib
import logging
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db import transaction
from django.db.models import F

from campaigns import ledger
from campaigns.announcements import announce_settled
from campaigns.clock import DatabaseClock
from campaigns.eligibility import Allowed, MessageFacts, Refused, Waits, decide
from campaigns.facts import lock_and_fetch
from campaigns.ledger import Claimed, Event, Settled
from campaigns.metrics import UNKNOWN_RETRIES
from campaigns.models import EventKind, PoisonReport, State
from campaigns.sending import HOLD, Sending, again, refuse, reply_route, row_event, wait
from common.calls import TICK
from consumers.services import note_environments, remove_dead_devices
from conversations.models import MessageState
from conversations.services import close_routes, open_reply_routes, set_route_states
from push.models import ProviderKind
from push.providers.base import Outcome, PushResult
from push.services import PushJob, hold_credential, longest_wait, providers, send

logger = logging.getLogger(__name__)

# Rows whose facts are fetched, and whose consumers are locked, together.
SLICE = 100
FLUSH_ROWS = 100
FLUSH_SECONDS = 0.5
# Seconds of the lease that are kept for recording what comes back last.
FLUSH_MARGIN = 1.0
MAX_POISON = 5

# One lane a provider, and one for rows whose provider is not known yet.
LANES = ("none", *ProviderKind.values)


@dataclass(slots=True)
class Delivered:
    """What one batch did: rows claimed, and the lanes that got work from it."""

    claimed: int
    lanes: set[str] = field(default_factory=set)


def deliver(lane: str) -> Delivered:
    """Claim a batch of a lane's due rows and bring each as far as it goes now."""
    started = monotonic()
    rows = ledger.claim(lane=lane, limit=settings.DELIVERY_CLAIM, lease=settings.DELIVERY_LEASE)
    if not rows:
        return Delivered(0)
    batch = _Batch(lane, rows, lease_ends=started + settings.DELIVERY_LEASE.total_seconds())
    batch.run()
    logger.info("Delivered batch of %d in lane %s", len(rows), lane)
    return Delivered(len(rows), batch.lanes)


class _Batch:
    """The rows of one claim on their way, until each is settled or put back."""

    def __init__(self, lane: str, rows: Sequence[Claimed], *, lease_ends: float) -> None:
        self.lane = lane
        self.rows = rows
        self.lease_ends = lease_ends
        self.lanes: set[str] = set()
        self.unstarted = {row.id: row for row in rows}
        self.under_way: dict[str, Sending] = {}
        self.settled: list[Settled] = []
        self.events: list[Event] = []
        self.dead_devices: dict[str, dict[int, datetime]] = {}
        self.environments: dict[int, str] = {}
        self.clock = DatabaseClock()
        self.claimed_at = self.clock.now()
        self.flushed_at = monotonic()

    def run(self) -> None:
        lost = [row for row in self.rows if row.was == State.SENDING]
        now = self.claimed_at
        ledger.write_events([row_event(row, EventKind.WORKER_LOST, now) for row in lost])
        try:
            with closing(send(self._feed(), now=now)) as results:
                for result in results:
                    if result is not TICK:
                        self._take(result)
                    if self._is_flush_due():
                        self._flush()
        finally:
            self._flush()
            ledger.release(list(self.unstarted.values()))

    def _feed(self) -> Iterator[PushJob]:
        """Check a slice, then hand out its requests; the transport pulls as places fall free."""
        for start in range(0, len(self.rows), SLICE):
            if not self._has_time():
                return
            for sending in self._check(self.rows[start : start + SLICE]):
                if not self._has_time():
                    return
                self.unstarted.pop(sending.row.id)
                now = self.clock.now()
                too_late = sending.too_late(now)
                if too_late is not None:
                    self._put_off(sending.row, too_late, now)
                    continue
                self.under_way[sending.row.public_id.hex] = sending
                yield from sending.jobs(now)

    def _put_off(self, row: Claimed, becomes: Settled, now: datetime) -> None:
        kind = EventKind.DEFERRED if becomes.state == State.QUEUED else EventKind.DECIDED
        self.settled.append(becomes)
        self.events.append(row_event(row, kind, now, reason=becomes.reason))

    def _has_time(self) -> bool:
        """Whether a request begun now would end, and be recorded, inside the lease."""
        longest: float = settings.DELIVERY_TOTAL_TIMEOUT + longest_wait()
        margin: float = min(FLUSH_MARGIN, settings.DELIVERY_LEASE.total_seconds() / 8)
        return monotonic() + longest + margin < self.lease_ends

    @transaction.atomic
    def _check(self, part: Sequence[Claimed]) -> list[Sending]:
        """Ask the rules for a slice; settle the refused, open reply routes for the rest."""
        now = self.clock.read()
        allowed, settled, events = [], [], []
        for row, facts in lock_and_fetch(part):
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
        going, put_back = self._with_providers(allowed, now)
        self._settle([*settled, *put_back], events, now)
        open_reply_routes(routes=[reply_route(s.row, s.facts) for s in going])
        return going

    def _decide(
        self, row: Claimed, facts: MessageFacts, now: datetime
    ) -> Allowed | Refused | Waits | Settled:
        try:
            return decide(facts, now=now)
        except Exception as error:  # a poisoned row must not hold up the rest of its slice
            return _poisoned(row, error, now)

    def _with_providers(
        self, allowed: Sequence[tuple[Claimed, MessageFacts, Allowed]], now: datetime
    ) -> tuple[list[Sending], list[Settled]]:
        """Find each device's provider; rows of a held credential or another lane are put back."""
        found = providers(
            device.credential_id
            for _, _, verdict in allowed
            for device in verdict.devices
            if device.credential_id
        )
        going, put_back = [], []
        for row, facts, verdict in allowed:
            usable = [
                (device, *found[device.credential_id])
                for device in verdict.devices
                if device.credential_id in found
            ]
            targets = [(d, provider) for d, provider, held in usable if not held or held <= now]
            if not targets:
                waits = [(held - now).total_seconds() for _, _, held in usable if held]
                put_back.append(again(row, min(waits, default=HOLD)))
            elif targets[0][1].kind != self.lane:
                put_back.append(again(row, 0.0, lane=targets[0][1].kind))
                self.lanes.add(targets[0][1].kind)
            else:
                going.append(Sending(row, facts, targets, verdict.has_spare))
                UNKNOWN_RETRIES.inc(sum(d.id in facts.past.unknown for d, _ in targets))
        return going, put_back

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
        if result.outcome is Outcome.MISCONFIGURED:
            credential_id = sending.target(result.device_id)[0].credential_id
            assert credential_id is not None
            until = now + timedelta(seconds=HOLD)
            hold_credential(credential_id=credential_id, until=until, reason=result.detail)
        if not sending.is_settled and (result.outcome is Outcome.ACCEPTED or sending.is_done):
            sending.is_settled = True
            self.settled.append(sending.outcome(now))
        if sending.is_done:
            del self.under_way[result.message_id]

    def _is_flush_due(self) -> bool:
        if len(self.settled) >= FLUSH_ROWS:
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


def _poisoned(row: Claimed, error: Exception, now: datetime) -> Settled:
    """Count an unexpected error by its stack; the row is tried again, and given up at the fifth."""
    stack = "".join(traceback.format_tb(error.__traceback__))
    stack_hash = hashlib.sha256(stack.encode()).hexdigest()[:16]
    logger.error("Message %s failed with %s, stack %s", row.id, type(error).__name__, stack_hash)
    report, is_new = PoisonReport.objects.get_or_create(
        message_id=row.id,
        stack_hash=stack_hash,
        defaults={"summary": type(error).__name__, "last_at": now},
    )
    if is_new:
        return again(row, 1.0)
    PoisonReport.objects.filter(pk=report.pk).update(count=F("count") + 1, last_at=now)
    if report.count + 1 >= MAX_POISON:
        return Settled(row.id, row.fence, State.FAILED, "internal")
    return again(row, 2.0**report.count)
