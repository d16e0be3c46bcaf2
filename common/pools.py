"""The pools of all keys: found, made, and closed when unused for longest."""

import selectors
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from common.calls import Call
from common.pool import Pool


@dataclass(frozen=True, slots=True)
class Limits:
    """`patience` and `longest_wait` in seconds: a call whose key is stuck comes back NOT_STARTED
    when its queue is full and would take longer than the one, or when it queued for the other."""

    connections_per_key: int = 10
    keys: int = 64
    queue_per_key: int = 25
    patience: float = 1.0
    longest_wait: float = 5.0


class Pools:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.selector = selectors.DefaultSelector()
        # Those used last stand last.
        self._pools: dict[object, Pool] = {}
        self._latest: tuple[Call[Any], Pool] | None = None

    def all(self) -> Collection[Pool]:
        return self._pools.values()

    def find(self, call: Call[Any]) -> Pool:
        if self._latest is not None and _is_same(call, self._latest[0]):
            return self._latest[1]
        key = (call.key, call.tls, call.guard)
        pool = self._pools.pop(key, None)
        if pool is None:
            self._evict()
            pool = Pool(self.selector, call.tls, call.guard, self.limits.connections_per_key)
        self._pools[key] = pool
        self._latest = call, pool
        return pool

    def _evict(self) -> None:
        """Close the connections of the keys unused for longest."""
        surplus = len(self._pools) + 1 - self.limits.keys
        idle = [key for key, pool in self._pools.items() if pool.is_idle]
        for key in idle[: max(surplus, 0)]:
            self._pools.pop(key).close()

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()
        self._latest = None
        self.selector.close()


def _is_same(one: Call[Any], other: Call[Any]) -> bool:
    """Whether they surely share connections: a look that is cheaper than hashing all of it."""
    return one.key == other.key and one.tls is other.tls and one.guard is other.guard
