"""What the results of pushes do to breakers: open, close, mark as slow, and who is told."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.audit import record
from push.breakers import NOTICE_INTERVAL, PROBE_INTERVAL, Watched, close
from push.health import Counted, Health, Probe, Tally, count, tells
from push.metrics import BREAKER_OPENINGS
from push.models import Breaker, PushCredential
from push.providers.base import Outcome, PushResult
from push.usage import note_worked

logger = logging.getLogger(__name__)

# Half of so many results must fail, within the half-minute.
FEWEST_RESULTS = 20
FAILED_SHARE = 0.5
# A host is shut for everybody only when nothing gets through, of more accounts than one.
FEWEST_ACCOUNTS = 2
# A credential whose pushes take so many seconds waits apart from others, for a while or until they
# take less than half of it.
SLOW_SECONDS = 2.0
SLOW_FOR = timedelta(minutes=10)
ACTOR = "delivery"


@dataclass(frozen=True, slots=True)
class Noted:
    """What changed: the keys of scopes that were shut, and the providers of those that were opened
    to pushes again."""

    shut: frozenset[str] = frozenset()
    reopened: frozenset[str] = frozenset()


def note(health: Health, *, watched: Watched, now: datetime) -> Noted:
    """Write what results told of their ways; outside a transaction."""
    tallies = health.tallies.values()
    counted = count((t for t in tallies if _is_told(t, watched)), now=now)
    _mark_pace(health, watched, now=now)
    _note_worked(health, now=now)
    shut = {
        tally.scope.key
        for tally, result in _failing(health, counted)
        if _shut(tally, result, now=now)
    }
    reopened = {p.way.provider.kind for p in health.probes if _judge(p, now=now)}
    return Noted(frozenset(shut), frozenset(reopened))


def _note_worked(health: Health, *, now: datetime) -> None:
    worked = [tally for tally in health.tallies.values() if tally.has_worked]
    note_worked({t.way.credential_id: t.way.fingerprint for t in worked}, now=now)


def _is_told(tally: Tally, watched: Watched) -> bool:
    """A success counts only beside failures."""
    if tally.failures or tally.refusal or tally.pace >= SLOW_SECONDS:
        return True
    return tally.results > 0 and tally.scope.key in watched.counting


def _mark_pace(health: Health, watched: Watched, *, now: datetime) -> None:
    """Write which credentials have become slow, and which are so no more."""
    paces = {t.scope.key: t.pace for t in health.tallies.values() if t.is_paced}
    slow = {key for key, pace in paces.items() if pace >= SLOW_SECONDS} - watched.slow
    quick = {key for key, pace in paces.items() if pace < SLOW_SECONDS / 2} & watched.slow
    if slow:
        Breaker.objects.filter(scope__in=slow).update(slow_until=now + SLOW_FOR)
    if quick:
        Breaker.objects.filter(scope__in=quick).update(slow_until=None)
    watched.slow.update(slow)
    watched.slow.difference_update(quick)


def _failing(health: Health, counted: Iterable[Counted]) -> list[tuple[Tally, PushResult]]:
    refused = [(tally, tally.refusal) for tally in health.tallies.values()]
    failing = [
        (health.tallies[c.key], health.tallies[c.key].failure)
        for c in counted
        if _is_too_much(c, health.tallies[c.key])
    ]
    return [(tally, result) for tally, result in refused + failing if result]


def _is_too_much(counted: Counted, tally: Tally) -> bool:
    if counted.results < FEWEST_RESULTS:
        return False
    if tally.scope.credential_id is None:
        return counted.failures == counted.results and counted.accounts >= FEWEST_ACCOUNTS
    return counted.failures >= FAILED_SHARE * counted.results


@transaction.atomic
def _shut(tally: Tally, result: PushResult, *, now: datetime) -> bool:
    """Open the breaker, unless it is; says whether it is now."""
    breaker = Breaker.objects.select_for_update().filter(scope=tally.scope.key).first()
    if breaker is None or not _is_in_use(tally):
        return False
    is_refusal = result.outcome is Outcome.MISCONFIGURED
    if breaker.opened_at is not None and not (is_refusal and breaker.reason != result.reason):
        return True
    breaker.open(reason=result.reason, detail=result.detail, probe_at=now + PROBE_INTERVAL, now=now)
    BREAKER_OPENINGS.labels(breaker.provider, breaker.reason).inc()
    logger.error("Breaker %s, %s, opened: %s", breaker.pk, breaker.provider, breaker.reason)
    if is_refusal:
        _tell(breaker, now=now)
    return True


def _is_in_use(tally: Tally) -> bool:
    """An answer to settings that were replaced since says nothing of those that came after."""
    if tally.scope.credential_id is None:
        return True
    return PushCredential.objects.filter(
        pk=tally.scope.credential_id, fingerprint=tally.way.fingerprint, is_enabled=True
    ).exists()


def _tell(breaker: Breaker, *, now: datetime) -> None:
    """Have the account's administrators told; the audit log is, each time."""
    credential = breaker.credential
    assert credential is not None
    if breaker.noticed_at is None or breaker.noticed_at <= now - NOTICE_INTERVAL:
        breaker.is_notice_due = True
        breaker.save(update_fields=["is_notice_due"])
    record(
        by=ACTOR,
        account=credential.account,
        verb="push_credential_refused",
        target=credential,
        changes={"reason": ["", breaker.reason]},
    )


def _judge(probe: Probe, *, now: datetime) -> bool:
    """Close what is open on the way of a push that got through; says whether anything was."""
    breakers = Breaker.objects.filter(scope__in=[scope.key for scope in probe.way.scopes])
    if tells(probe.result):
        return close(breakers) > 0
    if probe.result.retry_after:
        wished = now + timedelta(seconds=probe.result.retry_after)
        breakers.open().filter(probe_at__lt=wished).update(probe_at=wished)
    return False
