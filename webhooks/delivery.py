"""From the outbox to the brands' endpoints: claim, sign, call, record."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from time import monotonic

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from common.calls import TICK, Answer, Call, Sent, Tick
from common.claims import Claim, claim, release
from common.transport import Limits, transport
from webhooks import outbox
from webhooks.calls import Door, Posting, make_call, read_answer, try_again
from webhooks.health import note_results
from webhooks.metrics import CALLS
from webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from webhooks.outbox import QUEUE, Tried

logger = logging.getLogger(__name__)

# After so long a batch makes way for other tasks.
SECONDS = 5.0
CLAIM = 100
IN_FLIGHT = 100
FLUSH_ROWS = 100
FLUSH_SECONDS = 0.5
# Seconds of the lease that are kept for recording what comes back last.
FLUSH_MARGIN = 1.0
# Seconds after which a call that found no place is tried again, uncounted.
NOT_STARTED_WAIT = 5.0


def deliver(*, seconds: float = SECONDS) -> int:
    """Claim and call until nothing is due, or for ``seconds``; returns the calls claimed.

    While some are slow to answer, what happens meanwhile is told to the others, for
    WEBHOOK_TOTAL_TIMEOUT longer at most; then what was begun ends.
    """
    batch = _Batch(until=monotonic() + seconds)
    batch.run()
    if batch.claimed:
        logger.info("Made %d webhook calls", batch.claimed)
    return batch.claimed


class _Batch:
    """The deliveries that one call of ``deliver`` claims, until each is recorded or put back."""

    def __init__(self, *, until: float) -> None:
        self.until = until
        self.claimed = 0
        self.unstarted: dict[int, Claim] = {}
        self.not_started: list[Claim] = []
        self.tried: list[Tried] = []
        self.gone: set[int] = set()
        self.doors: dict[int, Door | str] = {}
        # Endpoints that are slow or away get no more of this batch.
        self.slow: set[int] = set()
        # The calls that are not answered yet, by endpoint.
        self.under_way: Counter[int] = Counter()
        self.flushed_at = monotonic()

    def run(self) -> None:
        carrier = transport()
        carrier.limits = Limits(longest_wait=_longest_wait())
        try:
            with closing(carrier.perform(self._feed(), in_flight=IN_FLIGHT)) as answers:
                for answer in answers:
                    if answer is not TICK:
                        self._take(answer)
                    if self._is_flush_due():
                        self._flush()
        finally:
            self._flush()
            release(QUEUE, list(self.unstarted.values()))

    def _feed(self) -> Iterator[Call[Posting] | Tick]:
        while not self._is_over():
            lease_ends = monotonic() + settings.WEBHOOK_LEASE.total_seconds()
            skip = self._waited_for()
            claims = claim(QUEUE, limit=CLAIM, lease=settings.WEBHOOK_LEASE, skip=skip)
            if not claims:
                if not self.under_way:
                    return
                yield TICK
                continue
            self.claimed += len(claims)
            self.unstarted |= {row.id: row for row in claims}
            if monotonic() >= self.until:
                # Somebody may have changed or deleted a webhook meanwhile.
                self.doors.clear()
            for posting in self._load(claims):
                if not _has_time(lease_ends):
                    return
                call = self._start(posting)
                if call is not None:
                    self.under_way[posting.endpoint_id] += 1
                    yield call

    def _is_over(self) -> bool:
        """Whether nothing more is claimed: as nobody else does before this batch is done, it goes
        on beyond its time while it waits for answers."""
        over_for = monotonic() - self.until
        return over_for >= (settings.WEBHOOK_TOTAL_TIMEOUT if self.under_way else 0)

    def _waited_for(self) -> set[int]:
        """The endpoints that get no more: of those that the batch waits for beyond its time it
        would not come to an end."""
        return self.slow | self.under_way.keys() if monotonic() >= self.until else self.slow

    def _load(self, claims: Sequence[Claim]) -> list[Posting]:
        fences = {row.id: row.fence for row in claims}
        rows = WebhookDelivery.objects.filter(pk__in=fences).order_by("pk")
        return [
            Posting(pk, fences[pk], endpoint_id, attempts, event_id, body)
            for pk, endpoint_id, attempts, event_id, body in rows.values_list(
                "pk", "endpoint_id", "attempts", "event__public_id", "event__body"
            )
        ]

    def _start(self, posting: Posting) -> Call[Posting] | None:
        if posting.endpoint_id in self.slow:
            self.not_started.append(self.unstarted.pop(posting.id))
            return None
        del self.unstarted[posting.id]
        if posting.endpoint_id not in self.doors:
            self.doors[posting.endpoint_id] = _open_door(posting.endpoint_id)
        door = self.doors[posting.endpoint_id]
        if isinstance(door, Door):
            return make_call(posting, door, now=_now())
        if door == "switched_off":
            self._note(posting, DeliveryState.FAILED, error=door, started=0)
        else:
            reading = try_again(posting.attempts, door)
            self._note(posting, reading.state, error=door, due_in=reading.due_in)
        return None

    def _take(self, answer: Answer[Posting]) -> None:
        posting = answer.tag
        self.under_way -= Counter([posting.endpoint_id])
        if answer.status is None:
            self.slow.add(posting.endpoint_id)
        if answer.sent is Sent.NOT_STARTED:
            self.not_started.append(Claim(posting.id, posting.fence, ""))
            return
        reading = read_answer(answer)
        if reading.is_gone:
            self.gone.add(posting.endpoint_id)
            self.doors[posting.endpoint_id] = "switched_off"
        self._note(
            posting,
            reading.state,
            error=reading.error,
            due_in=reading.due_in,
            status=answer.status,
            elapsed_ms=answer.elapsed_ms,
        )

    def _note(
        self,
        posting: Posting,
        state: str,
        *,
        error: str,
        due_in: float | None = None,
        status: int | None = None,
        elapsed_ms: int | None = None,
        started: int = 1,
    ) -> None:
        CALLS.labels(error or state).inc()
        self.tried.append(
            Tried(
                posting.id,
                posting.fence,
                posting.endpoint_id,
                state,
                error,
                status,
                elapsed_ms,
                due_in,
                started,
            )
        )

    def _is_flush_due(self) -> bool:
        if len(self.tried) >= FLUSH_ROWS:
            return True
        return bool(self.tried) and monotonic() - self.flushed_at >= FLUSH_SECONDS

    def _flush(self) -> None:
        if self.tried:
            with transaction.atomic():
                self._record(_now())
        release(QUEUE, self.not_started, wait=NOT_STARTED_WAIT)
        self.tried, self.not_started, self.gone = [], [], set()
        self.flushed_at = monotonic()

    def _record(self, now: datetime) -> None:
        kept = outbox.record(self.tried, now=now)
        told = [entry for entry in self.tried if entry.id in kept and entry.started]
        good = {entry.endpoint_id for entry in told if entry.state == DeliveryState.DELIVERED}
        bad = {entry.endpoint_id for entry in told if entry.state != DeliveryState.DELIVERED}
        note_results(succeeded=good, failed=bad, gone=self.gone & bad, now=now)


def _open_door(endpoint_id: int) -> Door | str:
    """The endpoint's door, or the word for why there is none."""
    try:
        endpoint = WebhookEndpoint.objects.filter(pk=endpoint_id, is_enabled=True).first()
        if endpoint is None:
            return "switched_off"
        return Door(endpoint.pk, endpoint.url, tuple(endpoint.live_secrets(_now())))
    except (ImproperlyConfigured, ValueError) as error:  # one endpoint must not stop the others
        logger.error("Webhook %s cannot be signed for: %s", endpoint_id, error)
        return "internal"


def longest_run() -> float:
    """Seconds that a call of ``deliver`` may take."""
    longest: float = settings.WEBHOOK_TOTAL_TIMEOUT
    return SECONDS + 2 * longest + _longest_wait() + FLUSH_MARGIN


def _longest_wait() -> float:
    """Seconds that a begun call may wait for a place before it comes back not started."""
    return float(min(5.0, settings.WEBHOOK_TOTAL_TIMEOUT))


def _has_time(lease_ends: float) -> bool:
    """Whether a call begun now would end, and be recorded, inside the lease."""
    longest: float = settings.WEBHOOK_TOTAL_TIMEOUT + _longest_wait()
    margin: float = min(FLUSH_MARGIN, settings.WEBHOOK_LEASE.total_seconds() / 8)
    return monotonic() + longest + margin < lease_ends


def _now() -> datetime:
    return datetime.now(UTC)
