"""So many a second and so many a day: counted in Redis for all processes at once.

When Redis is away each process counts for itself, and ``proactive_limiter_fallbacks`` tells.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from math import ceil
from typing import TypeVar

from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from prometheus_client import Counter

from common.circuit import Circuit
from common.pacing import TAKE_TOKENS, LocalTokens, Taken, Wanted
from common.shared import FAILURES, connect

logger = logging.getLogger(__name__)

FALLBACKS = Counter(
    "proactive_limiter_fallbacks",
    "Requests that a process counted alone, because Redis was away.",
)
DAY = 86_400

# One step, so that no two calls take the same rest; a negative amount gives back.
TAKE = """
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
local amount = tonumber(ARGV[1])
if amount > 0 and used + amount > tonumber(ARGV[2]) then return {0, used} end
used = math.max(0, used + amount)
redis.call('SET', KEYS[1], used, 'EX', ARGV[3])
return {1, used}
"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Policy:
    """``quota`` units in each window of so many seconds. ``name`` is what callers read."""

    name: str
    quota: int
    window: int = 1
    unit: str = "requests"

    def __str__(self) -> str:
        unit = "" if self.unit == "requests" else f';qu="{self.unit}"'
        return f'"{self.name}";q={self.quota};w={self.window}{unit}'


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands after asking: what is left, and in how many seconds there is more."""

    policy: Policy
    is_allowed: bool
    remaining: int
    wait: int

    def __str__(self) -> str:
        return f'"{self.policy.name}";r={self.remaining};t={self.wait}'


def as_header(items: Sequence[Policy | Standing]) -> str:
    """`RateLimit-Policy` or `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10)."""
    return ", ".join(str(item) for item in items)


class LocalDays:
    """The day's amounts of one process, while Redis is away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[str, int] = {}

    def take(self, key: str, amount: int, quota: int) -> tuple[bool, int]:
        with self._lock:
            used = self._used.get(key, 0)
            if amount > 0 and used + amount > quota:
                return False, used
            self._used[key] = max(0, used + amount)
            return True, self._used[key]


class Limiter:
    """Counts in the Redis of ``url``, else in this process."""

    def __init__(self, url: str) -> None:
        redis = connect(url)
        self._shared = MovingWindowRateLimiter(
            RedisStorage(url, connection_pool=redis.connection_pool)
        )
        self._take = redis.register_script(TAKE)
        self._take_tokens = redis.register_script(TAKE_TOKENS)
        self._redis = redis
        self._circuit = Circuit(self._count_there_again, failures=FAILURES)
        self._forget_here()

    def take_request(self, policy: Policy, *who: str) -> Standing:
        """Count a request. No window of ``policy.window`` seconds ever has more than the quota."""
        item = RateLimitItemPerSecond(policy.quota, policy.window)

        def ask(limiter: MovingWindowRateLimiter) -> Standing:
            is_allowed = limiter.hit(item, policy.name, *who)
            stats = limiter.get_window_stats(item, policy.name, *who)
            wait = min(policy.window, max(1, ceil(stats.reset_time - time.time())))
            remaining = max(0, stats.remaining) if is_allowed else 0
            return Standing(policy, is_allowed, remaining, wait)

        return self._ask(lambda: ask(self._shared), lambda: ask(self._here))

    def take_amount(self, policy: Policy, amount: int, *who: str, now: datetime) -> Standing:
        """Count an amount on a day (UTC), all of it or nothing; a negative one gives back."""
        key = ":".join(("day", policy.name, *who, now.strftime("%Y-%m-%d")))

        def shared() -> tuple[bool, int]:
            # Kept a while longer than the day, for hosts whose clocks differ.
            is_allowed, used = self._take([key], [amount, policy.quota, DAY + 3600])
            return bool(is_allowed), int(used)

        is_allowed, used = self._ask(
            shared, lambda: self._here_by_day.take(key, amount, policy.quota)
        )
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        wait = max(1, ceil((midnight - now).total_seconds()))
        return Standing(policy, is_allowed, max(0, policy.quota - used), wait)

    def take_tokens(self, name: str, wanted: Mapping[str, Wanted]) -> dict[str, Taken]:
        """Take of each bucket what it has of what is wanted, all in one round trip."""
        if not wanted:
            return {}

        def shared() -> dict[str, Taken]:
            with self._redis.pipeline(transaction=False) as pipe:
                for key, one in wanted.items():
                    self._take_tokens([f"tokens:{name}:{key}"], [one.rate, one.count], client=pipe)
                answers = pipe.execute()
            return {
                key: Taken(int(taken), int(left))
                for key, (taken, left) in zip(wanted, answers, strict=True)
            }

        return self._ask(shared, lambda: self._tokens_here.take(wanted))

    def _ask(self, shared: Callable[[], T], here: Callable[[], T]) -> T:
        if self._circuit.may_ask():
            try:
                return shared()
            except FAILURES as error:
                if self._circuit.open():
                    logger.warning("Limits are counted by process: %s", type(error).__name__)
        FALLBACKS.inc()
        return here()

    def _count_there_again(self) -> None:
        self._redis.ping()
        self._forget_here()

    def _forget_here(self) -> None:
        self._here = MovingWindowRateLimiter(MemoryStorage())
        self._here_by_day = LocalDays()
        self._tokens_here = LocalTokens()


@cache
def limiter() -> Limiter:
    """The limiter of this process."""
    return Limiter(settings.REDIS_URL)
