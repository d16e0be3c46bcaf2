"""A push proxy for tests: real HTTP/1.1, a log of each call, misbehaviour to order.

As a process it prints its URL and serves until it is terminated:
`python -m tests.providers.proxy_server --log calls.jsonl --behaviour orders.json`.

Orders are JSON, a list for each device token, one order a call, and 200 when they are used up:
`{"token": [{"status": 503}, {"reset": true}, {"delay": 1.0}, {"drip": 0.2}, {"cut": true}]}`.
An order may also hold `headers`, `body` and `times`. `reset` breaks the connection after the call
has been read and logged, `delay` and `drip` are seconds, the one before the answer, the other
between its bytes, and `leave` those after which an idle connection is closed; `cut` ends it in the
middle of the body, `endless` has no end of it. A changed file is read again.
"""

import argparse
import asyncio
import os
import signal
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

import orjson

from tests.providers.trouble import Order, Trouble, rates
from tests.providers.whole import WHOLE, written


@dataclass
class Orders:
    """What to do with the next call for a token."""

    path: Path | None = None
    queues: dict[str, deque[dict[str, Any]]] = field(default_factory=dict)
    read_at: int = 0

    def give(self, token: str, *orders: Order) -> None:
        self.queues.setdefault(token, deque()).extend(dict(order) for order in orders)

    def take(self, token: str) -> Order:
        self._read()
        queue = self.queues.get(token)
        if not queue:
            return {}
        order = queue[0]
        order["times"] = order.get("times", 1) - 1
        if order["times"] <= 0:
            queue.popleft()
        return order

    def _read(self) -> None:
        if self.path is None or not self.path.exists():
            return
        changed_at = self.path.stat().st_mtime_ns
        if changed_at != self.read_at:
            self.read_at = changed_at
            self.queues = {t: deque(o) for t, o in orjson.loads(self.path.read_bytes()).items()}


@dataclass
class Log:
    """One JSON object a call, on the disk before the answer leaves."""

    file: int
    entries: int = 0

    def add(self, **entry: object) -> None:
        os.write(self.file, orjson.dumps(entry) + b"\n")
        self.entries += 1


class Connection(asyncio.Protocol):
    def __init__(self, server: "ProxyServer") -> None:
        self.server = server
        self.buffer = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.connections.add(self)
        self.server.connected += 1
        self.server.most_at_once = max(self.server.most_at_once, len(self.server.connections))

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.buffer[:1] == b"\x16":  # a TLS greeting
            self.transport.write(b"HTTP/1.1 400 X\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()
            return
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = _read_head(self.buffer[:end])
            size = int(head.get("content-length", 0))
            if len(self.buffer) < end + 4 + size:
                return
            body = self.buffer[end + 4 : end + 4 + size]
            self.buffer = self.buffer[end + 4 + size :]
            self._receive(head, body)

    def _receive(self, head: dict[str, str], body: bytes) -> None:
        call = orjson.loads(body) if body else {}
        token = call.get("device-token", "")
        order = self.server.orders.take(token) or self.server.trouble()
        status = order.get("status", self.server.status_for(head))
        self.server.calls.append((head, body))
        self.server.log.add(
            message=head.get("webhook-id", ""),
            token=token,
            attempt=call.get("attempt"),
            fence=head.get("fence"),
            at=time.time(),
            status="reset" if _is_lost(order) else status,
            text=_shown_text(call),
            **(self._whole(head, body, order) if self.server.is_whole else {}),
        )
        delay = order.get("delay", self.server.latency)
        if delay:
            asyncio.get_running_loop().call_later(delay, self._answer, order, status)
        else:
            self._answer(order, status)

    def _whole(self, head: Mapping[str, str], body: bytes, order: Order) -> dict[str, Any]:
        method, _, rest = head[""].partition(" ")
        headers = {name: value for name, value in head.items() if name}
        answer = written("HTTP/1.1", order.get("headers", {}), str(order.get("body", "")).encode())
        return {
            "method": method,
            "url": f"{self.server.origin}{rest.rpartition(' ')[0]}",
            "title": _shown_title(orjson.loads(body)) if body else "",
            "request": written("HTTP/1.1", headers, body),
            "answer": None if _is_lost(order) else answer,
        }

    def _answer(self, order: Order, status: int) -> None:
        if _is_lost(order):
            self._reset()
            return
        body = str(order.get("body", "")).encode()
        announced = len(body) + 10 if order.get("cut") else len(body)
        lines = [f"HTTP/1.1 {status} X", f"content-length: {announced}"]
        lines += [f"{name}: {value}" for name, value in order.get("headers", {}).items()]
        answer = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        if order.get("drip"):
            self._drip(answer, order["drip"])
            return
        if order.get("endless"):
            self.transport.write(
                f"HTTP/1.1 {status} X\r\ntransfer-encoding: chunked\r\n\r\n".encode()
            )
            self._flood()
            return
        self.transport.write(answer)
        if order.get("cut"):
            self.transport.close()
        elif order.get("leave"):
            asyncio.get_running_loop().call_later(order["leave"], self.transport.close)

    def _drip(self, rest: bytes, seconds: float) -> None:
        if rest and not self.transport.is_closing():
            self.transport.write(rest[:1])
            asyncio.get_running_loop().call_later(seconds, self._drip, rest[1:], seconds)

    def _flood(self) -> None:
        if not self.transport.is_closing():
            if not self.transport.get_write_buffer_size():
                self.transport.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
                self.server.flooded += 1024
            asyncio.get_running_loop().call_later(0.001, self._flood)

    def _reset(self) -> None:
        socket = self.transport.get_extra_info("socket")
        if socket is not None:
            socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


@dataclass
class ProxyServer:
    """`credential` is the Authorization header that it wants, where it wants one; while it is down
    it answers 503 to everything. With `is_whole` requests and answers stand in the log."""

    log: Log
    orders: Orders = field(default_factory=Orders)
    trouble: Callable[[], Order] = dict
    latency: float = 0.0
    tls: ssl.SSLContext | None = None
    credential: str = ""
    is_down: bool = False
    is_whole: bool = False
    host: str = "127.0.0.1"
    calls: deque[tuple[dict[str, str], bytes]] = field(default_factory=lambda: deque(maxlen=1000))
    connections: set[Connection] = field(default_factory=set)
    connected: int = 0
    most_at_once: int = 0
    flooded: int = 0
    port: int = 0

    @property
    def origin(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/push"

    def status_for(self, head: Mapping[str, str]) -> int:
        if self.is_down:
            return 503
        return 200 if head.get("authorization", "") == self.credential else 401

    async def serve(self, until: asyncio.Event, on_start: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Connection(self), self.host, self.port, ssl=self.tls, backlog=1000
        )
        self.port = server.sockets[0].getsockname()[1]
        on_start()
        await until.wait()
        server.close()
        for connection in list(self.connections):
            with suppress(AttributeError):  # Python 3.11.2: a TLS transport that is closed already
                connection.transport.abort()
        await server.wait_closed()


@contextmanager
def run_in_thread(server: Any) -> Iterator[None]:
    """Serve beside the test; leaving the block ends every connection."""
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(
        target=loop.run_until_complete, args=(server.serve(stop, started.set),), daemon=True
    )
    thread.start()
    if not started.wait(10):
        raise RuntimeError("The server did not start.")
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def open_log(path: Path) -> Log:
    return Log(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644))


def _is_lost(order: Order) -> bool:
    """HTTP/1.1 has one call a connection: without an answer to it, the connection breaks."""
    return bool(order.get("reset") or order.get("lost"))


def _shown_text(call: Mapping[str, Any]) -> str:
    """What a phone would show, however the platform's body is made."""
    text = call.get("aps", {}).get("alert") or call.get("data", {}).get("message", "")
    return str(text)


def _shown_title(call: Mapping[str, Any]) -> str:
    keys = call.get("data", {}).get("payload") or call
    return str(keys.get("title", ""))


def _read_head(text: bytes) -> dict[str, str]:
    """Headers with lower-case names, and the request line under the empty one."""
    first, *lines = text.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return {"": first} | {name.lower(): value.strip() for name, _, value in pairs}


async def serve_as_process(server: Any) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await server.serve(stop, lambda: print(server.url, flush=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--behaviour", type=Path)
    parser.add_argument("--whole", action="store_true", help=WHOLE)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--credential", default="")
    parser.add_argument("--trouble", type=rates, default={}, help="as 503=0.02,429=0.01,lost=0.005")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cert", type=Path, help="serve https with this PEM")
    parser.add_argument("--key", type=Path)
    given = parser.parse_args()
    tls = None
    if given.cert:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(given.cert, given.key)
    server = ProxyServer(
        log=open_log(given.log),
        orders=Orders(given.behaviour),
        trouble=Trouble(given.trouble, given.seed),
        latency=given.latency,
        tls=tls,
        credential=given.credential,
        port=given.port,
        is_whole=given.whole,
    )
    asyncio.run(serve_as_process(server))


if __name__ == "__main__":
    main()
