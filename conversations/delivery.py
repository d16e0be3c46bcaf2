"""From agents' messages to the phones of who they were said to: claim, check, push, record (E6)."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from time import monotonic

from django.conf import settings
from django.db import transaction

from common.calls import TICK
from common.claims import Claim, claim, release
from consumers.services import note_environments, remove_dead_devices
from conversations.eligibility import NotPushed, Waits, decide
from conversations.metrics import REPLY_PUSHES
from conversations.models import PushState
from conversations.pushes.facts import fetch
from conversations.pushes.gate import Allowed, pass_gate
from conversations.pushes.queue import QUEUE, Settled, record
from conversations.pushes.sending import Sending
from push.breakers import Watched, slow_accounts
from push.health import Health
from push.judging import note
from push.providers.base import Outcome, PushResult
from push.services import PushJob, longest_wait, send

logger = logging.getLogger(__name__)

CLAIM = 100
FLUSH_ROWS = 100
FLUSH_SECONDS = 0.5
# Seconds of the lease that are kept for recording what comes back last.
FLUSH_MARGIN = 1.0


def deliver(*, with_slow: bool) -> int:
    """Claim a batch of due pushes and bring each as far as it goes now; returns how many.

    ``with_slow``: also of accounts whose providers take seconds to answer.
    """
    began = monotonic()
    skip = () if with_slow else slow_accounts(now=_now())
    claims = claim(QUEUE, limit=CLAIM, lease=settings.DELIVERY_LEASE, skip=skip)
    if claims:
        _Batch(claims, start_by=began + _time_to_start()).run()
        logger.info("Delivered batch of %d in queue replies", len(claims))
    return len(claims)


def _time_to_start() -> float:
    """Seconds of a lease in which a request may begin."""
    lease: float = settings.DELIVERY_LEASE.total_seconds()
    longest: float = settings.DELIVERY_TOTAL_TIMEOUT
    return lease - longest - min(FLUSH_MARGIN, lease / 8)


class _Batch:
    """The pushes of one claim on their way, until each is recorded or put back."""

    def __init__(self, claims: Sequence[Claim], *, start_by: float) -> None:
        self.claims = claims
        # A request begun by then has ended, and is recorded, inside the lease.
        self.start_by = start_by
        self.claimed_at = _now()
        self.unstarted = {row.id: row for row in claims}
        self.under_way: dict[str, Sending] = {}
        self.settled: list[Settled] = []
        self.dead_devices: dict[str, dict[int, datetime]] = {}
        self.environments: dict[int, str] = {}
        self.health = Health()
        self.watched = Watched()
        self.flushed_at = monotonic()

    def run(self) -> None:
        try:
            going = self._check()
            with closing(send(self._feed(going), now=_now(), start_by=self.start_by)) as results:
                for result in results:
                    if result is not TICK:
                        self._take(result)
                    if self._is_flush_due():
                        self._flush()
        finally:
            self._flush()
            release(QUEUE, list(self.unstarted.values()))

    @transaction.atomic
    def _check(self) -> list[Sending]:
        """Ask the rules; settle what is not pushed, or not yet."""
        now = _now()
        fences = {row.id: row.fence for row in self.claims}
        allowed, settled = [], []
        for facts in fetch(fences, now=now):
            pk, fence = facts.push.pk, fences[facts.push.pk]
            verdict = decide(facts, now=now)
            if isinstance(verdict, NotPushed):
                settled.append(Settled(pk, fence, verdict.state, verdict.reason))
            elif isinstance(verdict, Waits):
                settled.append(Settled(pk, fence, PushState.QUEUED, due_in=verdict.seconds))
            else:
                allowed.append(Allowed(facts, fence, verdict))
        passed = pass_gate(allowed, now=now)
        self.watched = passed.watched
        self._record([*settled, *passed.put_back], now)
        return passed.going

    def _feed(self, going: Sequence[Sending]) -> Iterator[PushJob]:
        for sending in going:
            if monotonic() + longest_wait() >= self.start_by:
                return
            push = sending.facts.push
            self.unstarted.pop(push.pk)
            self.under_way[push.message.public_id.hex] = sending
            yield from sending.jobs()

    def _take(self, result: PushResult) -> None:
        """Read one answer; settle its push as soon as that is known."""
        sending = self.under_way[result.message_id]
        sending.results.append(result)
        if result.outcome is Outcome.UNREGISTERED:
            dead = self.dead_devices.setdefault(result.reason, {})
            dead[result.device_id] = result.dead_since or self.claimed_at
        if result.environment:
            self.environments[result.device_id] = result.environment
        self.health.add(sending.way(result.device_id), result, is_probe=sending.is_probe)
        if not sending.is_settled and (sending.has_arrived or sending.is_done):
            sending.is_settled = True
            self.settled.append(sending.outcome())
        if sending.is_done:
            del self.under_way[result.message_id]

    def _is_flush_due(self) -> bool:
        if len(self.settled) >= FLUSH_ROWS or self.health.is_urgent:
            return True
        return bool(self.settled) and monotonic() - self.flushed_at >= FLUSH_SECONDS

    def _flush(self) -> None:
        now = _now()
        if self.settled or self.dead_devices or self.environments:
            with transaction.atomic():
                self._record(self.settled, now)
                for reason, dead in self.dead_devices.items():
                    remove_dead_devices(dead_since=dead, reason=reason, now=now)
                if self.environments:
                    note_environments(environments=self.environments)
        self.settled, self.dead_devices, self.environments = [], {}, {}
        health, self.health = self.health, Health()
        note(health, watched=self.watched, now=now)
        self.flushed_at = monotonic()

    def _record(self, settled: Sequence[Settled], now: datetime) -> None:
        kept = record(settled, now=now)
        for entry in settled:
            self.unstarted.pop(entry.id, None)
            if entry.id in kept and entry.state != PushState.QUEUED:
                REPLY_PUSHES.labels(entry.reason or entry.state).inc()


def _now() -> datetime:
    return datetime.now(UTC)
