"""One run of the transport: what has been pulled and not yet given back."""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count
from time import monotonic
from typing import Any

from common.calls import TICK, Answer, Call, Pause, Sent, Tick
from common.exchange import not_sent
from common.guard import AddressRefused
from common.pool import Pool
from common.pools import Pools

QUEUE_FULL = "The key's queue is full."
# Until a source that had nothing is asked again.
ASK_AGAIN_SECONDS = 0.25


class Run:
    def __init__(
        self,
        pools: Pools,
        source: Iterator[Call[Any] | Pause[Any] | Tick],
        in_flight: int,
        per_key: int,
        start_by: float,
    ) -> None:
        self.pools = pools
        self.limits = pools.limits
        self.source: Iterator[Call[Any] | Pause[Any] | Tick] | None = source
        self.ask_at = 0.0
        self.source_error: Exception | None = None
        self.in_flight = in_flight
        self.per_key = per_key
        self.start_by = start_by
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
        for pool in self.pools.all():
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
        while self.source is not None and self._has_place() and monotonic() >= self.ask_at:
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
                if isinstance(item, Pause):
                    heappush(self.pauses, (now + item.seconds, next(self.order), now, item))
                else:
                    self.ask_at = now + ASK_AGAIN_SECONDS
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
        pool = self.pools.find(call)
        if not pool.waiting and pool.has_room(self.per_key) and self.active < self.in_flight:
            self._start(pool, call)
        elif len(pool.waiting) < self.limits.queue_per_key:
            self.waiting += 1
            pool.waiting.append((call, monotonic()))
        elif pool.expected_wait() > self.limits.patience:
            self._give_back(call, QUEUE_FULL)
        else:
            return False
        return True

    def _start(self, pool: Pool, call: Call[Any]) -> None:
        """Unless it is too late. The one look at the clock serves for the call's own time, too, so
        that a process that is stopped after it does not begin to count when it wakes up."""
        now = monotonic()
        if now > self.start_by:
            self._give_back(call, "It is too late to start.")
            return
        try:
            pool.start(call, now=now)
        except ValueError as error:
            self.ready.append(not_sent(call, str(error)))
        else:
            self.active += 1

    def _give_back(self, call: Call[Any], why: str) -> None:
        self.ready.append(not_sent(call, why, sent=Sent.NOT_STARTED))

    def _start_waiting(self) -> None:
        if not self.waiting:
            return
        able = [p for p in self.pools.all() if p.waiting and p.has_room(self.per_key)]
        while able and self.active < self.in_flight:
            pool = min(able, key=lambda pool: len(pool.active))
            self._start(pool, pool.waiting.popleft()[0])
            self.waiting -= 1
            if not (pool.waiting and pool.has_room(self.per_key)):
                able.remove(pool)

    def _shed_overdue(self) -> None:
        since = monotonic() - self.limits.longest_wait
        if self.held is not None and self.held_since < since:
            self._give_back(self.held, QUEUE_FULL)
            self.held = None
        if not self.waiting:
            return
        for pool in self.pools.all():
            while pool.waiting and pool.waiting[0][1] < since:
                self.waiting -= 1
                self._give_back(pool.waiting.popleft()[0], QUEUE_FULL)

    def _wait(self, until: float) -> None:
        """Let libcurl work until something completes or the moment has come."""
        pools = self.pools.all()
        moments = [pool.timer for pool in pools if pool.timer is not None]
        if self.pauses:
            moments.append(self.pauses[0][0])
        if self.source is not None and self.ask_at > monotonic():
            moments.append(self.ask_at)
        timeout = max(0.0, min(until, *moments) - monotonic()) if moments else until - monotonic()
        moved = set()
        events_by_key = self.pools.selector.select(timeout)
        self._end_overdue()
        for key, events in events_by_key:
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
        if any(pool.is_lost for pool in pools):
            self.pools.replace_lost()
        self._end_pauses(now)

    def _end_overdue(self) -> None:
        """End what is past its time before libcurl may go on with it: a process that was stopped
        and wakes up late must not send what it had begun to start."""
        for pool in self.pools.all():
            ended = pool.end_overdue(monotonic())
            self.active -= len(ended)
            self.ready.extend(ended)

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
