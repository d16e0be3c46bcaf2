"""Breakers: a credential or a host that fails is left alone, but for one probe every few seconds.

They are rows, so that all processes see the same. A way that works costs no write: results are
counted from a first failure on.
"""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.audit import record
from accounts.models import User
from push.health import COUNTED, Counted, Health, Probe, Tally, count, tells
from push.metrics import BREAKER_OPENINGS
from push.models import Breaker, PushCredential
from push.providers.base import Outcome, PushResult
from push.ways import Way, scopes_of

logger = logging.getLogger(__name__)

PROBE_INTERVAL = timedelta(seconds=5)
# Half of so many results must fail, within the half-minute.
FEWEST_RESULTS = 20
FAILED_SHARE = 0.5
# A host is shut for everybody only when nothing gets through, of more accounts than one.
FEWEST_ACCOUNTS = 2
# A credential that is refused again and again is told of once a day.
NOTICE_INTERVAL = timedelta(days=1)
SWITCHED_OFF = "credential_switched_off"
ACTOR = "delivery"


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a way is not taken. Without ``probe_at`` it is not even tried."""

    since: datetime
    reason: str
    probe_at: datetime | None


class Breakers:
    """The breakers on some ways, as they stood when this was made."""

    def __init__(self, ways: Iterable[Way], *, now: datetime) -> None:
        keys = {scope.key for way in ways for scope in way.scopes}
        told = Q(opened_at__isnull=False) | Q(counted_from__gt=now - COUNTED)
        rows = Breaker.objects.filter(told, scope__in=keys)
        self.counting: set[str] = set()
        self._holds: dict[str, Hold] = {}
        for key, since, reason, probe_at in rows.values_list(
            "scope", "opened_at", "reason", "probe_at"
        ):
            if since is None:
                self.counting.add(key)
            else:
                self._holds[key] = Hold(since, reason, probe_at)

    def hold(self, way: Way) -> Hold | None:
        """What keeps a push from going this way; of several, the one that is tried last."""
        if way.switched_off_at is not None:
            return Hold(way.switched_off_at, SWITCHED_OFF, None)
        if not self._holds:
            return None
        holds = [self._holds[scope.key] for scope in way.scopes if scope.key in self._holds]
        return max(holds, key=lambda hold: hold.probe_at or hold.since, default=None)

    def claim_probe(self, way: Way, *, now: datetime) -> bool:
        """Take the turn to try a way that is held, for one push; inside a transaction.

        Of all processes one gets it, and the next not before the interval is over.
        """
        keys = [scope.key for scope in way.scopes if scope.key in self._holds]
        rows = Breaker.objects.open().filter(scope__in=keys, probe_at__lte=now)
        locked = rows.select_for_update(skip_locked=True).order_by("scope")
        ids = list(locked.values_list("pk", flat=True))
        if len(ids) < len(keys):
            return False
        Breaker.objects.filter(pk__in=ids).update(probe_at=now + PROBE_INTERVAL)
        return True


@dataclass(frozen=True, slots=True)
class Noted:
    """What changed: the keys of scopes that were shut, and whether one may be used again."""

    shut: frozenset[str]
    is_reopened: bool


def note(health: Health, *, counting: Collection[str], now: datetime) -> Noted:
    """Write what results told of their ways; outside a transaction."""
    tallies = health.tallies.values()
    counted = count((t for t in tallies if _is_told(t, counting)), now=now)
    shut = {
        tally.scope.key
        for tally, result in _failing(health, counted)
        if _shut(tally, result, now=now)
    }
    reopened = [_judge(probe, now=now) for probe in health.probes]
    return Noted(frozenset(shut), any(reopened))


def _is_told(tally: Tally, counting: Collection[str]) -> bool:
    """A success counts only beside failures."""
    return bool(tally.failures or tally.refusal or (tally.results and tally.scope.key in counting))


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


def close(breakers: QuerySet[Breaker]) -> int:
    """Let pushes through again, and have those that wait woken; says how many were open."""
    return breakers.filter(opened_at__isnull=False).update(
        opened_at=None,
        probe_at=None,
        counted_from=None,
        results=0,
        failures=0,
        account_ids=[],
        is_wake_due=True,
    )


def close_by_hand(*, breaker: Breaker, by: str | User) -> None:
    """Try at once what the breaker holds up; it opens again if that fails."""
    with transaction.atomic():
        if close(Breaker.objects.filter(pk=breaker.pk)):
            account = breaker.credential.account if breaker.credential else None
            record(by=by, account=account, verb="breaker_closed", target=breaker)


def renew(credential: PushCredential, *, had_waiting: bool) -> None:
    """The credential has new settings: what is known of the old ones counts no more.

    ``had_waiting``: messages wait for a credential that was switched off before it.
    """
    close(credential.breakers.all())
    credential.breakers.update(is_notice_due=False, noticed_at=None)
    if had_waiting:
        own, *_ = scopes_of(credential.provider, "", credential.pk)
        Breaker.objects.update_or_create(
            scope=own.key,
            defaults={"credential": credential, "provider": own.provider, "is_wake_due": True},
        )


def forget(*, now: datetime) -> int:
    """Delete the rows of ways that have worked for a day."""
    old = Breaker.objects.filter(opened_at=None, is_notice_due=False, is_wake_due=False)
    old = old.exclude(noticed_at__gt=now - NOTICE_INTERVAL)
    return old.exclude(counted_from__gt=now - NOTICE_INTERVAL).delete()[0]
