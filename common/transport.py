"""Many HTTP requests at once from one process: calls in, answers out in the order they complete.

libcurl does the protocol. Each key has connections of its own, and a window that starts small and
grows with each answer, so that a server that is slow or gone holds up only its own calls.
"""

import os
import selectors
from collections import OrderedDict, deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count
from threading import local
from time import monotonic
from typing import Any

import pycurl

from common.calls import TICK, Answer, Call, Pause, Sent, Tag, Tick, Timeouts, Tls
from common.exchange import Exchange, not_sent
from common.guard import AddressRefused
from common.pool import Pool

__all__ = [
    "TICK",
    "Answer",
    "Call",
    "Limits",
    "Pause",
    "Sent",
    "Tick",
    "Timeouts",
    "Tls",
    "Transport",
    "fetch",
    "transport",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """`patience` and `longest_wait` in seconds: a call whose key is stuck comes back NOT_STARTED
    when its queue is full and would take longer than the one, or when it queued for the other."""

    connections_per_key: int = 10
    keys: int = 64
    queue_per_key: int = 25
    patience: float = 1.0
    longest_wait: float = 5.0


class Transport:
    """Belongs to one thread of one process; `transport()` gives the right one."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self.limits = limits
        self.selector = selectors.DefaultSelector()
        self.pools: OrderedDict[object, Pool] = OrderedDict()
        self.is_busy = False

    def perform(
        self,
        calls: Iterable[Call[Tag] | Pause[Tag]],
        *,
        in_flight: int = 100,
        per_key: int | None = None,
        tick: float = 0.5,
    ) -> Generator[Answer[Tag] | Tick, None, None]:
        """Yield an answer for each call, and TICK after each `tick` seconds without one.

        Calls are pulled as places fall free. Closing the iterator aborts what is in flight and
        yields nothing for it.

        :raises RuntimeError: when used inside another run; a single request is `fetch`.
        """
        if self.is_busy:
            raise RuntimeError("This transport is in use; nested requests go through fetch().")
        run = _Run(self, iter(calls), in_flight, per_key or max(1, in_flight * 3 // 4))
        self.is_busy = True
        try:
            yield from run.answers(tick)
        finally:
            run.abort()
            self.is_busy = False

    def pool_for(self, call: Call[Any]) -> Pool:
        key = (call.key, call.tls, call.guard)
        pool = self.pools.get(key)
        if pool is None:
            self._evict()
            pool = Pool(self.selector, call.tls, call.guard, self.limits.connections_per_key)
            self.pools[key] = pool
        self.pools.move_to_end(key)
        return pool

    def _evict(self) -> None:
        """Close the connections of the keys unused for longest."""
        surplus = len(self.pools) + 1 - self.limits.keys
        idle = [key for key, pool in self.pools.items() if pool.is_idle]
        for key in idle[: max(surplus, 0)]:
            self.pools.pop(key).close()

    def close(self) -> None:
        for pool in self.pools.values():
            pool.close()
        self.pools.clear()
        self.selector.close()


class _Run:
    """One `perform`: what it has pulled and not yet given back."""

    def __init__(
        self,
        transport: Transport,
        source: Iterator[Call[Any] | Pause[Any]],
        in_flight: int,
        per_key: int,
    ) -> None:
        self.transport = transport
        self.limits = transport.limits
        self.source: Iterator[Call[Any] | Pause[Any]] | None = source
        self.source_error: Exception | None = None
        self.in_flight = in_flight
        self.per_key = per_key
        self.active = 0
        self.waiting = 0
        self.held: Call[Any] | None = None
        self.held_since = 0.0
        self.pauses: list[tuple[float, int, float, Pause[Any]]] = []
        self.order = count()
        self.ready: deque[Answer[Any]] = deque()

    def answers(self, tick: float) -> Iterator[Answer[Any] | Tick]:
        flushed = monotonic()
        while True:
            self._fill()
            if not self.ready:
                if not (self.active or self.waiting or self.pauses or self.held or self.source):
                    break
                self._wait(flushed + tick)
            if self.ready:
                while self.ready:
                    yield self.ready.popleft()
                flushed = monotonic()
            elif monotonic() >= flushed + tick:
                yield TICK
                flushed = monotonic()
        if self.source_error is not None:
            raise self.source_error

    def abort(self) -> None:
        for pool in self.transport.pools.values():
            pool.abort()

    def _fill(self) -> None:
        """Give back what waited too long, start what waits, then pull more while there are places.

        In this order: a process that was stopped and wakes up late must not start old calls.
        """
        self._shed_overdue()
        self._start_waiting()
        for _ in range(self.in_flight):
            if self.held is None:
                self.held, self.held_since = self._pull(), monotonic()
            if self.held is None or not self._place(self.held):
                return
            self.held = None

    def _pull(self) -> Call[Any] | None:
        while self.source is not None and self._has_place():
            try:
                item = next(self.source)
            except StopIteration:
                self.source = None
            except Exception as error:  # what is in flight is finished before this is raised
                self.source, self.source_error = None, error
            else:
                if isinstance(item, Call):
                    return item
                now = monotonic()
                heappush(self.pauses, (now + item.seconds, next(self.order), now, item))
        return None

    def _has_place(self) -> bool:
        return (
            self.active < self.in_flight
            and self.waiting < self.in_flight
            and len(self.pauses) < 10 * self.in_flight
        )

    def _place(self, call: Call[Any]) -> bool:
        """Start the call, queue it or give it back; false if its key needs a moment."""
        try:
            if call.guard is not None:
                call.guard.check_url(call.url)
        except AddressRefused as refusal:
            self.ready.append(not_sent(call, str(refusal), is_address_refused=True))
            return True
        pool = self.transport.pool_for(call)
        if not pool.waiting and pool.has_room(self.per_key) and self.active < self.in_flight:
            self._start(pool, call)
        elif len(pool.waiting) < self.limits.queue_per_key:
            self.waiting += 1
            pool.waiting.append((call, monotonic()))
        elif pool.expected_wait() > self.limits.patience:
            self._give_back(call)
        else:
            return False
        return True

    def _start(self, pool: Pool, call: Call[Any]) -> None:
        try:
            pool.start(call)
        except ValueError as error:
            self.ready.append(not_sent(call, str(error)))
        else:
            self.active += 1

    def _give_back(self, call: Call[Any]) -> None:
        self.ready.append(not_sent(call, "The key's queue is full.", sent=Sent.NOT_STARTED))

    def _start_waiting(self) -> None:
        while self.waiting and self.active < self.in_flight:
            pools = self.transport.pools.values()
            able = [pool for pool in pools if pool.waiting and pool.has_room(self.per_key)]
            if not able:
                return
            pool = min(able, key=lambda pool: len(pool.active))
            self._start(pool, pool.waiting.popleft()[0])
            self.waiting -= 1

    def _shed_overdue(self) -> None:
        since = monotonic() - self.limits.longest_wait
        if self.held is not None and self.held_since < since:
            self._give_back(self.held)
            self.held = None
        if not self.waiting:
            return
        for pool in self.transport.pools.values():
            while pool.waiting and pool.waiting[0][1] < since:
                self.waiting -= 1
                self._give_back(pool.waiting.popleft()[0])

    def _wait(self, until: float) -> None:
        """Let libcurl work until something completes or the moment has come."""
        pools = self.transport.pools.values()
        moments = [pool.timer for pool in pools if pool.timer is not None]
        if self.pauses:
            moments.append(self.pauses[0][0])
        timeout = max(0.0, min(until, *moments) - monotonic()) if moments else until - monotonic()
        moved = set()
        for key, events in self.transport.selector.select(timeout):
            key.data.react(key.fd, events)
            moved.add(key.data)
        now = monotonic()
        for pool in pools:
            if pool.timer is not None and pool.timer <= now:
                pool.react_to_time()
                moved.add(pool)
        for pool in moved:
            finished = pool.take_finished()
            self.active -= len(finished)
            self.ready.extend(finished)
        self._end_pauses(now)

    def _end_pauses(self, now: float) -> None:
        while self.pauses and self.pauses[0][0] <= now:
            _, _, since, pause = heappop(self.pauses)
            ended = Answer(
                pause.tag,
                Sent.ANSWERED,
                datetime.now(UTC),
                elapsed_ms=int((monotonic() - since) * 1000),
            )
            self.ready.append(ended)


def fetch(call: Call[Tag]) -> Answer[Tag]:
    """Make one request and wait for it, apart from all others; for keys and tokens."""
    try:
        if call.guard is not None:
            call.guard.check_url(call.url)
    except AddressRefused as refusal:
        return not_sent(call, str(refusal), is_address_refused=True)
    exchange = Exchange(call.tls, call.guard)
    try:
        exchange.begin(call, is_repeatable=False)
        exchange.curl.perform()
    except ValueError as error:
        return not_sent(call, str(error))
    except pycurl.error as error:
        code, message = error.args
        return exchange.finish(code, message)
    else:
        return exchange.finish()
    finally:
        exchange.curl.close()


_own = local()
_inherited: list[Transport] = []


def transport() -> Transport:
    """This thread's transport. After a fork a new one is made, and the parent's is kept untouched:
    freeing it would send goodbyes over connections that the parent still uses."""
    pid = os.getpid()
    if getattr(_own, "pid", None) != pid:
        if hasattr(_own, "transport"):
            _inherited.append(_own.transport)
        _own.pid, _own.transport = pid, Transport()
    found: Transport = _own.transport
    return found
