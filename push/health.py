"""What the results of pushes tell of the ways they took, in this process and in all together."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
from django.db import connection

from push.providers.base import Outcome, PushResult
from push.ways import Scope, Way

COUNTED = timedelta(seconds=30)
# Reasons of RETRY that speak of the provider, not of a device or of how often it was asked.
FAILURES = frozenset(
    {"provider_unavailable", "not_reached", "no_access_token", "certificate_refused"}
)


def tells(result: PushResult) -> bool | None:
    """Whether pushes get through, as far as one result tells; None where it tells nothing.

    A dead token or a message that is refused is an answer like any other.
    """
    if result.outcome is Outcome.RETRY:
        return False if result.reason in FAILURES else None
    if result.outcome in (Outcome.UNKNOWN, Outcome.MISCONFIGURED):
        return False
    return None if result.reason == "internal" else True


@dataclass(slots=True)
class Tally:
    """Results of one scope since the last time they were written. ``refusal`` is an answer that
    only a person can change, ``failure`` the last of the others."""

    scope: Scope
    way: Way
    results: int = 0
    failures: int = 0
    failing_accounts: set[int] = field(default_factory=set)
    failure: PushResult | None = None
    refusal: PushResult | None = None
    elapsed_ms: int = 0

    @property
    def is_paced(self) -> bool:
        return self.results > 0 and self.scope.credential_id is not None

    @property
    def has_worked(self) -> bool:
        return self.results > self.failures and self.scope.credential_id is not None

    @property
    def pace(self) -> float:
        """Seconds that a push took."""
        return self.elapsed_ms / 1000 / self.results if self.results else 0.0


@dataclass(frozen=True, slots=True)
class Probe:
    way: Way
    result: PushResult


class Health:
    """The results of one process that are not written yet; ``is_urgent``: others should know."""

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}
        self.probes: list[Probe] = []
        self.is_urgent = False

    def add(self, way: Way, result: PushResult, *, is_probe: bool) -> None:
        if is_probe:
            self.is_urgent = True
            self.probes.append(Probe(way, result))
        told = tells(result)
        if told is None:
            return
        for scope in way.scopes:
            tally = self.tallies.get(scope.key)
            if tally is None:
                tally = self.tallies[scope.key] = Tally(scope, way)
            if result.outcome is Outcome.MISCONFIGURED:
                # Says nothing of the host: it answered, or it is not the one that was meant.
                if scope.credential_id:
                    self.is_urgent = True
                    tally.way, tally.refusal = way, result
                continue
            tally.results += 1
            tally.elapsed_ms += result.elapsed_ms
            if not told:
                tally.failures += 1
                tally.failing_accounts.add(way.account_id)
                tally.way, tally.failure = way, result


@dataclass(frozen=True, slots=True)
class Counted:
    """The results of a scope in the half-minute, of all processes."""

    key: str
    results: int
    failures: int
    accounts: int


# Counting begins with a first failure. One that began too long ago begins anew.
_COUNT = """
INSERT INTO push_breaker AS b
    (scope, credential_id, provider, origin, reason, detail, counted_from, results, failures,
     account_ids, is_notice_due, is_wake_due)
SELECT r.scope, r.credential_id, r.provider, r.origin, '', '', %(now)s, r.results, r.failures,
       r.account_ids, false, false
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(scope text, credential_id bigint, provider text,
    origin text, results int, failures int, account_ids bigint[])
WHERE r.credential_id IS NULL
   OR EXISTS (SELECT 1 FROM push_pushcredential k WHERE k.id = r.credential_id)
ORDER BY r.scope
ON CONFLICT (scope) DO UPDATE SET
    counted_from = CASE WHEN b.counted_from > %(since)s THEN b.counted_from
                        ELSE excluded.counted_from END,
    results = excluded.results + CASE WHEN b.counted_from > %(since)s THEN b.results ELSE 0 END,
    failures = excluded.failures + CASE WHEN b.counted_from > %(since)s THEN b.failures ELSE 0 END,
    account_ids = (SELECT coalesce((array_agg(DISTINCT a))[1:2], '{}') FROM unnest(
        excluded.account_ids || CASE WHEN b.counted_from > %(since)s THEN b.account_ids END) a)
WHERE b.opened_at IS NULL
RETURNING scope, results, failures, cardinality(account_ids)
"""


def count(tallies: Iterable[Tally], *, now: datetime) -> list[Counted]:
    """Add these results to those of the others; scopes that are shut are not counted."""
    rows = [_row(tally) for tally in tallies]
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT, {"rows": orjson.dumps(rows).decode(), "now": now, "since": now - COUNTED}
        )
        return [Counted(*row) for row in cursor.fetchall()]


def _row(tally: Tally) -> dict[str, object]:
    scope = tally.scope
    return {
        "scope": scope.key,
        "credential_id": scope.credential_id,
        "provider": scope.provider,
        "origin": scope.origin,
        "results": tally.results,
        "failures": tally.failures,
        "account_ids": sorted(tally.failing_accounts),
    }
