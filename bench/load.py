"""Callers of an API: threads with kept connections, as fast as answers come or at a fixed rate."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from bench.processes import BenchFailure
from proactive_site.embedded.ports import HOST

CONCURRENCY = 4


@dataclass(frozen=True, slots=True)
class Api:
    port: int
    path: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class Load:
    """Seconds from the first call to the last answer, and those that each call took."""

    wall: float = 0.0
    latencies: list[float] = field(default_factory=list)


Due = Callable[[], float | None]
"""The moment at which the next call is to start; None when there is none."""


def saturate(api: Api, bodies: Iterator[bytes], *, seconds: float) -> Load:
    """As many calls as the server takes in about ``seconds``."""
    ends = time.monotonic() + seconds

    def due() -> float | None:
        now = time.monotonic()
        return now if now < ends else None

    return _run(api, bodies, due, CONCURRENCY)


def send_all(api: Api, bodies: Iterator[bytes], *, calls: int) -> Load:
    left = iter(range(calls))

    def due() -> float | None:
        return time.monotonic() if next(left, None) is not None else None

    return _run(api, bodies, due, CONCURRENCY)


def pace(api: Api, bodies: Iterator[bytes], *, calls: int, per_second: float) -> Load:
    """Calls at a fixed rate, whether or not earlier ones are answered; a call's latency counts
    from the moment at which it was due, so that a stalled server is not spared."""
    moments = iter([time.monotonic() + number / per_second for number in range(calls)])
    return _run(api, bodies, lambda: next(moments, None), 4 * CONCURRENCY)


def _run(api: Api, bodies: Iterator[bytes], due: Due, threads: int) -> Load:
    load, lock, failures = Load(), threading.Lock(), list[str]()

    def take() -> tuple[float, bytes] | None:
        with lock:
            moment = None if failures else due()
            return None if moment is None else (moment, next(bodies))

    def call() -> None:
        connection = http.client.HTTPConnection(HOST, api.port, timeout=60)
        try:
            while (item := take()) is not None:
                moment, body = item
                time.sleep(max(0.0, moment - time.monotonic()))
                connection.request("POST", api.path, body, dict(api.headers))
                response = connection.getresponse()
                text = response.read()
                if response.status >= 300:
                    failures.append(f"{api.path} answered {response.status}: {text[:500]!r}")
                load.latencies.append(time.monotonic() - moment)
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"{api.path}: {error!r}")
        finally:
            connection.close()

    began = time.monotonic()
    callers = [threading.Thread(target=call) for _ in range(threads)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    if failures:
        raise BenchFailure(failures[0])
    load.wall = time.monotonic() - began
    return load
