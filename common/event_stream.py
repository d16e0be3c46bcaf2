"""Server-sent events (the WHATWG HTML standard, 9.2): answers that go on while somebody reads them.

Each takes a thread of the web server, so there is a most of them; none keeps a connection to the
database while it waits.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.conf import settings
from django.db import connection
from django.http import StreamingHttpResponse

from common.problems import ServiceUnavailable

CONTENT_TYPE = "text/event-stream"
RETRY_AFTER = 5


@dataclass(frozen=True, slots=True)
class Event:
    """``data`` becomes JSON; with an ``id`` a reader can say where to go on."""

    name: str
    data: Any
    id: str = ""

    def encode(self) -> bytes:
        lines = [f"id: {self.id}\n".encode()] if self.id else []
        lines += [f"event: {self.name}\n".encode(), b"data: ", orjson.dumps(self.data), b"\n\n"]
        return b"".join(lines)


@dataclass(frozen=True, slots=True)
class Beat:
    """Nothing happened; keeps what is between us and the reader from hanging up."""

    def encode(self) -> bytes:
        return b": beat\n\n"


BEAT = Beat()


class Places:
    """How many streams a process has room for; the rest of its threads answer everything else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.taken = 0

    def take(self) -> bool:
        with self._lock:
            if self.taken >= settings.LIVE_STREAMS:
                return False
            self.taken += 1
            return True

    def give_back(self) -> None:
        with self._lock:
            self.taken -= 1


places = Places()


class _Stream:
    """What the server iterates over, and closes when the reader is gone, begun or not."""

    def __init__(self, events: Iterator[Event | Beat]) -> None:
        self._events = events
        self._is_open = True

    def __iter__(self) -> Iterator[bytes]:
        for event in self._events:
            yield event.encode()

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            places.give_back()
            close = getattr(self._events, "close", None)
            if close is not None:
                close()
            let_go()


def event_stream(events: Iterable[Event | Beat]) -> StreamingHttpResponse:
    """Answer with the events as they come. Who makes them calls ``let_go`` before it waits.

    :raises ServiceUnavailable: 503; as many streams are open as this process has room for.
    """
    if not places.take():
        raise ServiceUnavailable("Too many live views are open.", retry_after=RETRY_AFTER)
    response = StreamingHttpResponse(_Stream(iter(events)), content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def let_go() -> None:
    """Give the connection to the database back: the next read takes one again."""
    if not connection.in_atomic_block:
        connection.close()
