"""What is dear to work out and may be a little old: worked out once for all who ask meanwhile."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson
from redis import Redis

from common.shared import SharedRedis, shared_redis

# Longer than the web server lets a statement take (DB_STATEMENT_TIMEOUT): whoever works has died.
LONGEST_SECONDS = 20
LOOK_SECONDS = 0.1
# Different keys seldom wait for each other.
LOCKS = 64


@dataclass(frozen=True, slots=True)
class Recent:
    """``facts`` as they were at the instant ``at``."""

    facts: Mapping[str, Any]
    at: datetime


class RecentFacts:
    """Kept in Redis for all processes, and in this one: a Redis that is away costs each process
    one working out."""

    def __init__(self, redis: SharedRedis, *, kept: timedelta) -> None:
        self._redis = redis
        self._kept = kept
        self._here: dict[str, Recent] = {}
        self._locks = [threading.Lock() for _ in range(LOCKS)]

    def get(self, key: str, work_out: Callable[[], Mapping[str, Any]], *, now: datetime) -> Recent:
        """Not older than ``kept``; of those who ask at once, one works it out."""
        with self._locks[hash(key) % LOCKS]:
            found = self._here.get(key)
            if found is None or not self._is_fresh(found, now):
                found = self._from_all(key, work_out, now)
                self._keep_here(key, found, now)
            return found

    def _from_all(
        self, key: str, work_out: Callable[[], Mapping[str, Any]], now: datetime
    ) -> Recent:
        patience_ends_at = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < patience_ends_at:
            if found := self._kept_for_all(key, now):
                return found
            if self._redis.ask(lambda redis: _begin(redis, key), otherwise=True):
                break
            time.sleep(LOOK_SECONDS)
        try:
            # Another may have ended between the look and the beginning.
            return self._kept_for_all(key, now) or self._work_out(key, work_out, now)
        finally:
            self._redis.ask(lambda redis: redis.delete(f"recent:{key}:begun"), otherwise=None)

    def _kept_for_all(self, key: str, now: datetime) -> Recent | None:
        kept = self._redis.ask(lambda redis: redis.get(f"recent:{key}"), otherwise=None)
        found = _read(kept) if kept else None
        return found if found and self._is_fresh(found, now) else None

    def _work_out(
        self, key: str, work_out: Callable[[], Mapping[str, Any]], now: datetime
    ) -> Recent:
        found = Recent(work_out(), now)
        self._redis.ask(
            lambda redis: redis.set(f"recent:{key}", _written(found), ex=self._kept),
            otherwise=None,
        )
        return found

    def _keep_here(self, key: str, found: Recent, now: datetime) -> None:
        for other, one in list(self._here.items()):
            if not self._is_fresh(one, now):
                self._here.pop(other, None)
        self._here[key] = found

    def _is_fresh(self, found: Recent, now: datetime) -> bool:
        return now - found.at < self._kept


def _begin(redis: Redis, key: str) -> bool:
    """Whether nobody else has."""
    return bool(redis.set(f"recent:{key}:begun", b"1", nx=True, ex=LONGEST_SECONDS))


def _written(found: Recent) -> bytes:
    return orjson.dumps([found.at.isoformat(), dict(found.facts)])


def _read(kept: Any) -> Recent:
    at, facts = orjson.loads(kept)
    return Recent(facts, datetime.fromisoformat(at).astimezone(UTC))


@cache
def kept_for(seconds: int) -> RecentFacts:
    """Those of this process."""
    return RecentFacts(shared_redis(), kept=timedelta(seconds=seconds))
