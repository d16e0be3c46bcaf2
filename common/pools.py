"""The pools of all keys: found, made, and closed when unused for longest."""

import selectors
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from common.calls import Call, Tls
from common.guard import AddressGuard
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
        # Those whose connections get no new calls.
        self._leaving: list[Pool] = []
        self._latest: tuple[Call[Any], Pool] | None = None

    def all(self) -> Collection[Pool]:
        if self._leaving:
            return [*self._pools.values(), *self._leaving]
        return self._pools.values()

    def find(self, call: Call[Any]) -> Pool:
        if self._latest is not None and _is_same(call, self._latest[0]):
            return self._latest[1]
        key = (call.key, call.tls, call.guard)
        pool = self._pools.pop(key, None)
        if pool is None:
            self._evict()
            pool = self._make(call.tls, call.guard, call.is_first_alone)
        self._pools[key] = pool
        self._latest = call, pool
        return pool

    def replace_lost(self) -> None:
        """Put new connections in the place of those that lead nowhere; what is under way on these
        ends in its own time."""
        for key, pool in self._pools.items():
            if pool.is_lost:
                successor = self._make(pool.tls, pool.guard, pool.is_first_alone)
                successor.waiting, pool.waiting = pool.waiting, successor.waiting
                successor.pace = pool.pace
                self._pools[key] = successor
                self._leaving.append(pool)
                self._latest = None
        for pool in [pool for pool in self._leaving if pool.is_idle]:
            self._leaving.remove(pool)
            pool.close()

    def _make(self, tls: Tls, guard: AddressGuard | None, is_first_alone: bool) -> Pool:
        connections = self.limits.connections_per_key
        return Pool(self.selector, tls, guard, connections, is_first_alone=is_first_alone)

    def _evict(self) -> None:
        """Close the connections of the keys unused for longest."""
        surplus = len(self._pools) + 1 - self.limits.keys
        idle = [key for key, pool in self._pools.items() if pool.is_idle]
        for key in idle[: max(surplus, 0)]:
            self._pools.pop(key).close()

    def close(self) -> None:
        for pool in self.all():
            pool.close()
        self._pools.clear()
        self._leaving.clear()
        self._latest = None
        self.selector.close()


def _is_same(one: Call[Any], other: Call[Any]) -> bool:
    """Whether they surely share connections: a look that is cheaper than hashing all of it."""
    return one.key == other.key and one.tls is other.tls and one.guard is other.guard
