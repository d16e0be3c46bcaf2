"""Breakers: a credential or a host that fails is left alone, but for one probe every few seconds.

They are rows, so that all processes see the same. A way that works costs no write: results are
counted from a first failure on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.audit import record
from accounts.models import User
from push.health import COUNTED
from push.models import Breaker, PushCredential
from push.ways import Way, scopes_of

PROBE_INTERVAL = timedelta(seconds=5)
# A credential that is refused again and again is told of once a day.
NOTICE_INTERVAL = timedelta(days=1)
SWITCHED_OFF = "credential_switched_off"


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a way is not taken. Without ``probe_at`` it is not even tried."""

    since: datetime
    reason: str
    probe_at: datetime | None


@dataclass(frozen=True, slots=True)
class Watched:
    """Keys of scopes of which more is written than failures: results are counted, or it is slow."""

    counting: set[str] = field(default_factory=set)
    slow: set[str] = field(default_factory=set)

    def add(self, other: "Watched") -> None:
        self.counting.update(other.counting)
        self.slow.update(other.slow)


class Breakers:
    """The breakers on some ways, as they stood when this was made."""

    def __init__(self, ways: Iterable[Way], *, now: datetime) -> None:
        keys = {scope.key for way in ways for scope in way.scopes}
        is_open = Q(opened_at__isnull=False)
        rows = Breaker.objects.filter(
            is_open | Q(counted_from__gt=now - COUNTED) | Q(slow_until__gt=now), scope__in=keys
        )
        self.watched = Watched()
        self._holds: dict[str, Hold] = {}
        for key, since, reason, probe_at, slow_until in rows.values_list(
            "scope", "opened_at", "reason", "probe_at", "slow_until"
        ):
            if since is None:
                self.watched.counting.add(key)
            else:
                self._holds[key] = Hold(since, reason, probe_at)
            if slow_until is not None and slow_until > now:
                self.watched.slow.add(key)

    @property
    def is_quiet(self) -> bool:
        """Whether none of the ways is held up or slow, unless its credential is switched off."""
        return not self._holds and not self.watched.slow

    def is_slow(self, way: Way) -> bool:
        return way.scopes[0].key in self.watched.slow

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


def slow_accounts(*, now: datetime) -> list[int]:
    """Accounts (primary keys) of which a credential's answers take seconds."""
    slow = Breaker.objects.filter(slow_until__gt=now, credential__isnull=False)
    return list(slow.values_list("credential__account_id", flat=True).distinct())


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
    old = old.exclude(noticed_at__gt=now - NOTICE_INTERVAL).exclude(slow_until__gt=now)
    return old.exclude(counted_from__gt=now - NOTICE_INTERVAL).delete()[0]
