"""Many HTTP requests at once from one process: calls in, answers out in the order they complete.

libcurl does the protocol. Each key has connections of its own, and a window that starts small and
grows with each answer, so that a server that is slow or gone holds up only its own calls.
"""

import os
from collections.abc import Generator, Iterable
from math import inf
from threading import local
from time import monotonic

import pycurl

from common.calls import TICK, Answer, Call, Pause, Sent, Tag, Tick, Timeouts, Tls
from common.exchange import Exchange, not_sent
from common.guard import AddressRefused
from common.pools import Limits, Pools
from common.run import Run

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


class Transport:
    """Belongs to one thread of one process; `transport()` gives the right one."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.pools = Pools(limits or Limits())
        self.is_busy = False

    @property
    def limits(self) -> Limits:
        return self.pools.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self.pools.limits = limits

    def perform(
        self,
        calls: Iterable[Call[Tag] | Pause[Tag] | Tick],
        *,
        in_flight: int = 100,
        per_key: int | None = None,
        tick: float = 0.5,
        start_by: float = inf,
    ) -> Generator[Answer[Tag] | Tick, None, None]:
        """Yield an answer for each call, and TICK after each `tick` seconds without one.

        Calls are pulled as places fall free; a source that yields TICK is asked again in a while.
        What has not begun at `start_by`, a moment of the monotonic clock, comes back NOT_STARTED.
        Closing the iterator aborts what is in flight and yields nothing for it.

        :raises RuntimeError: when used inside another run; a single request is `fetch`.
        """
        if self.is_busy:
            raise RuntimeError("This transport is in use; nested requests go through fetch().")
        most = per_key or max(1, in_flight * 3 // 4)
        run = Run(self.pools, iter(calls), in_flight, most, start_by)
        self.is_busy = True
        try:
            yield from run.answers(tick)
        finally:
            run.abort()
            self.is_busy = False

    def close(self) -> None:
        self.pools.close()


def fetch(call: Call[Tag]) -> Answer[Tag]:
    """Make one request and wait for it, apart from all others; for keys and tokens."""
    try:
        if call.guard is not None:
            call.guard.check_url(call.url)
    except AddressRefused as refusal:
        return not_sent(call, str(refusal), is_address_refused=True)
    exchange = Exchange(call.tls, call.guard)
    exchange.leave_resolver_behind()
    try:
        exchange.begin(call, is_repeatable=False, now=monotonic())
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
