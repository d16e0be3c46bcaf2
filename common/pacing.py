"""So many a second for each of many: tokens that are taken in Redis, n at a time.

A bucket holds what a second brings, so in T seconds nobody takes more than T + 1 seconds' worth.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

# Kept as the moment until which tokens are used up, by the clock of Redis: what is taken pushes it
# on, and it never lies behind (GCRA). One step, so that no two take the same.
TAKE_TOKENS = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local rate, wanted = tonumber(ARGV[1]), tonumber(ARGV[2])
local used = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local left = math.floor((now + 1 - used) * rate + 0.000001)
local taken = math.max(0, math.min(wanted, left))
if taken > 0 then
    redis.call('SET', KEYS[1], string.format('%.6f', used + taken / rate), 'EX', 5)
end
return {taken, left - taken}
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """``count`` tokens of a bucket that gets ``rate`` a second; with 0 it is only looked at."""

    rate: int
    count: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    count: int
    left: int


@dataclass(slots=True)
class LocalTokens:
    """The same in one process, while Redis is away."""

    _used: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, wanted: Mapping[str, Wanted]) -> dict[str, Taken]:
        with self._lock:
            now = time.monotonic()
            return {key: self._take(key, one, now) for key, one in wanted.items()}

    def _take(self, key: str, wanted: Wanted, now: float) -> Taken:
        used = max(now, self._used.get(key, 0.0))
        left = int((now + 1 - used) * wanted.rate + 1e-6)
        taken = max(0, min(wanted.count, left))
        self._used[key] = used + taken / wanted.rate
        return Taken(taken, left - taken)
