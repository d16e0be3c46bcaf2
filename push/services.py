"""Sending pushes: which provider an app uses, and many requests at once, results as they come."""

import logging
from collections import deque
from collections.abc import Collection, Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import inf

from django.conf import settings
from django.core.cache import cache

from accounts.models import Account
from common.calls import TICK, Answer, Call, Pause, Tick
from common.transport import Limits, Transport, fetch, transport
from push.credentials import provider_settings
from push.metrics import count_push
from push.models import LabPush, ProviderKind, PushCredential
from push.providers.base import (
    Address,
    CannotStart,
    Outcome,
    Provider,
    PushRequest,
    PushResult,
    Sending,
)
from push.providers.content import holds_whole
from push.providers.lab import LabProvider, LabSettings, is_shown
from push.vendors import make_provider
from push.ways import Way, scopes_of

logger = logging.getLogger(__name__)

LAB_DOWN = "lab-down:{}"


@dataclass(frozen=True, slots=True)
class PushJob:
    """One notification and the provider that carries it."""

    provider: Provider
    request: PushRequest


class Ways:
    """The ways that pushes by some credentials can take."""

    def __init__(self, credential_ids: Iterable[int]) -> None:
        # Without the sealed settings: to decrypt them each time would cost more than the query.
        rows = PushCredential.objects.filter(pk__in=set(credential_ids)).values_list(
            "pk", "provider", "account_id", "fingerprint", "is_enabled", "switched_off_at"
        )
        self._rows = {row[0]: row for row in rows}
        self._found: dict[tuple[int, str], Way] = {}

    def find(self, credential_id: int, target: Address) -> Way | None:
        """The way to a device; None where the credential is gone or cannot be read."""
        if credential_id not in self._rows:
            return None
        pk, kind, account_id, fingerprint, is_enabled, switched_off_at = self._rows[credential_id]
        try:
            provider = _provider(pk, fingerprint, kind)
        except Exception as error:  # one bad credential must not stop the others
            logger.error("Credential %s cannot be used: %s", pk, type(error).__name__)
            return None
        origin = provider.origin(target)
        way = self._found.get((pk, origin))
        if way is None:
            scopes = scopes_of(kind, origin, pk)
            off_at = None if is_enabled else switched_off_at
            way = Way(provider, pk, account_id, fingerprint, off_at, scopes)
            self._found[pk, origin] = way
        return way

    def found(self) -> Collection[Way]:
        return self._found.values()


@lru_cache(maxsize=256)
def _provider(credential_id: int, fingerprint: str, kind: str) -> Provider:
    """One provider object a credential and process; a changed credential has a new fingerprint."""
    credential = PushCredential.objects.select_related("account").get(pk=credential_id)
    if kind == ProviderKind.LAB:
        return LabProvider(_lab_settings(credential.account))
    return make_provider(kind, provider_settings(credential))


@dataclass(frozen=True, slots=True)
class PushSize:
    """``is_preview``: the text had to be cut to fit."""

    payload_bytes: int
    is_preview: bool


def measure(job: PushJob, *, now: datetime) -> PushSize:
    """How large a push would be, by its own provider; nothing is sent."""
    payload = job.provider.payload(job.request, now)
    return PushSize(len(payload), is_preview=not holds_whole(payload, job.request.body))


def longest_wait() -> float:
    """Seconds that a started request may wait for a place before it comes back not started."""
    return float(min(5.0, settings.DELIVERY_TOTAL_TIMEOUT))


def send(
    jobs: Iterable[PushJob], *, now: datetime, start_by: float = inf
) -> Generator[PushResult | Tick]:
    """Send the jobs as they are pulled and yield their results in completion order.

    What has not begun at ``start_by``, a moment of the monotonic clock, comes back not started.
    Yields ``TICK`` when nothing has completed for a while. No transaction may be open. An error in
    a provider's code comes out as REJECTED with reason ``internal``; the others go on.
    """
    broken: deque[PushResult] = deque()
    carrier = transport()
    carrier.limits = Limits(longest_wait=longest_wait())
    starts = _starts(jobs, broken, now)
    in_flight = settings.DELIVERY_IN_FLIGHT
    for answer in carrier.perform(starts, in_flight=in_flight, start_by=start_by):
        while broken:
            yield broken.popleft()
        yield TICK if answer is TICK else _finish(answer)
    yield from broken


def send_alone(*, credential: PushCredential, request: PushRequest, now: datetime) -> PushResult:
    """Send one push by itself and wait for what comes of it, also while its credential is held.

    Whatever goes wrong is the result: a credential that cannot be read is MISCONFIGURED, an error
    in a provider's code REJECTED with reason ``internal``. It is not counted in the metrics. No
    transaction may be open.
    """
    try:
        provider = _provider(credential.pk, credential.fingerprint, credential.provider)
    except ValueError as error:
        unreadable = CannotStart(Outcome.MISCONFIGURED, "credential_unreadable", str(error))
        return _not_started(request, unreadable)
    try:
        answer = _ask(provider.start(request, now))
        return answer.tag.finish(answer)
    except CannotStart as hindrance:
        return _not_started(request, hindrance)
    except Exception as error:
        logger.error("A push by credential %s met %s", credential.pk, type(error).__name__)
        return _internal(request, error)


def _ask(start: Call[Sending] | Pause[Sending]) -> Answer[Sending]:
    if isinstance(start, Call):
        return fetch(start)
    carrier = Transport()
    try:
        return next(a for a in carrier.perform([start]) if isinstance(a, Answer))
    finally:
        carrier.close()


def _starts(
    jobs: Iterable[PushJob], broken: deque[PushResult], now: datetime
) -> Iterator[Call[Sending] | Pause[Sending]]:
    for job in jobs:
        try:
            yield job.provider.start(job.request, now)
        except CannotStart as hindrance:
            broken.append(_not_started(job.request, hindrance))
        except Exception as error:  # one bad request must not stop the others
            broken.append(_internal(job.request, error))


def _finish(answer: Answer[Sending]) -> PushResult:
    sending = answer.tag
    try:
        result = sending.finish(answer)
    except Exception as error:  # the request was made: what came of it must be recorded
        result = _internal(sending.request, error)
    count_push(sending.provider.kind, result.outcome)
    return result


def _not_started(request: PushRequest, hindrance: CannotStart) -> PushResult:
    return PushResult(
        message_id=request.message_id,
        device_id=request.device_id,
        outcome=hindrance.outcome,
        reason=hindrance.reason,
        detail=hindrance.detail[:300],
        retry_after=hindrance.retry_after,
        is_started=False,
    )


def _internal(request: PushRequest, error: Exception) -> PushResult:
    return PushResult(
        message_id=request.message_id,
        device_id=request.device_id,
        outcome=Outcome.REJECTED,
        reason="internal",
        detail=type(error).__name__,
    )


def _lab_settings(account: Account) -> LabSettings:
    def deliver(request: PushRequest, body: bytes, result: PushResult) -> None:
        _store_lab_push(account, request, body, result)

    return LabSettings(deliver=deliver, is_down=lambda name: lab_is_down(account))


def _store_lab_push(
    account: Account, request: PushRequest, body: bytes, result: PushResult
) -> None:
    wire = LabProvider(_lab_settings(account)).wire(
        request, datetime.now(request.expires_at.tzinfo)
    )
    LabPush.objects.create(
        account=account,
        device_id=request.device_id,
        message_id=request.message_id,
        attempt=request.attempt,
        title=request.title[:255],
        body=request.body,
        request_line=wire.line[:300],
        request_body=body.decode(),
        outcome=result.outcome.value,
        reason=result.reason,
        elapsed_ms=result.elapsed_ms,
        is_shown=is_shown(request, result),
    )


def lab_is_down(account: Account) -> bool:
    """Whether the lab answers 503 to ``lab:down``: until somebody says stop."""
    return bool(cache.get(LAB_DOWN.format(account.pk), True))


def set_lab_down(account: Account, is_down: bool) -> None:
    cache.set(LAB_DOWN.format(account.pk), is_down, timeout=None)


def forget_lab_pushes(device_ids: Iterable[int]) -> None:
    """What phones of the lab were shown: their devices are gone, or their people are."""
    LabPush.objects.filter(device_id__in=list(device_ids)).delete()
