"""What the stubs of FCM, APNs and web push services are made of: HTTP/2 over TLS, requests read
whole, a log of each, misbehaviour to order.

Orders are those of `proxy_server.Orders`, by token: `{"status": 503, "headers": {…}, "body": "…"}`,
`{"delay": 1.0}`, `{"drip": 0.2}` (seconds between the body's bytes), `{"lost": true}` (the request
is taken, its stream broken), `{"reset": true}` (taken, the connection broken). The server as a
whole may say goodbye at each `goaway_every`-th request (`goodbye`: in its own words; `is_abrupt`:
without one), and allow few streams on a connection until a request on it was answered with success,
which it tells after `silence` seconds: a vendor that is far away.
"""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from tests.providers.proxy_server import Log, Order, Orders
from tests.providers.whole import written

SETTINGS, GOAWAY = 4, 7


@dataclass(frozen=True)
class Asked:
    """A request as it came; header names are in lower case, `:method` and `:path` among them.
    `connection` tells the server's connections apart."""

    headers: Mapping[str, str]
    body: bytes
    connection: int = 0


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What the vendor makes of a request: whose it is, and how it would be answered. `noted` goes
    into the log beside it."""

    token: str
    reply: Reply
    message: str = ""
    noted: Mapping[str, Any] = field(default_factory=dict)


class VendorConnection(asyncio.Protocol):
    def __init__(self, server: "VendorServer") -> None:
        self.server = server
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.heads: dict[int, dict[str, str]] = {}
        self.bodies: dict[int, bytearray] = {}
        self.open: set[int] = set()
        self.allowed = 0
        self.taken = 0
        self.is_going = False
        self.last_stream = 0
        self.number = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.connections.add(self)
        self.server.connected += 1
        self.number = self.server.connected
        self.h2.initiate_connection()
        self._flush()
        self.allowed = min(self.server.first_streams, self.server.max_streams)
        if self.server.silence:
            asyncio.get_running_loop().call_later(self.server.silence, self._tell_allowed)
        else:
            self._tell_allowed()

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            events = self.h2.receive_data(data)
        except ProtocolError:
            self._flush()
            self.transport.close()
            return
        for event in events:
            self._receive(event)
        self._flush()

    def _receive(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            if len(self.open) >= self.allowed:
                self.server.refused += 1
                self.h2.reset_stream(event.stream_id, ErrorCodes.REFUSED_STREAM)
                return
            self.open.add(event.stream_id)
            self.heads[event.stream_id] = dict(event.headers)
            self.bodies[event.stream_id] = bytearray()
        elif isinstance(event, DataReceived) and event.stream_id in self.bodies:
            self.bodies[event.stream_id] += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamEnded) and event.stream_id in self.bodies:
            head, body = self.heads.pop(event.stream_id), self.bodies.pop(event.stream_id)
            self._take(event.stream_id, Asked(head, bytes(body), self.number))
        elif isinstance(event, StreamReset):
            self.open.discard(event.stream_id)
            self.heads.pop(event.stream_id, None)
            self.bodies.pop(event.stream_id, None)

    def _take(self, stream: int, asked: Asked) -> None:
        if self.is_going and stream > self.last_stream:
            return  # above the last stream that GOAWAY named: not looked at
        server = self.server
        self.taken += 1
        is_last = bool(server.goaway_every) and self.taken == server.goaway_every
        if is_last and server.is_abrupt:
            self.is_going = True
            self.transport.abort()
            return
        reading = server.read(asked)
        order = server.order_for(reading)
        reply = _ordered(reading.reply, order)
        server.note(asked, reading, reply, order)
        delay = order.get("delay", server.latency)
        if delay:
            asyncio.get_running_loop().call_later(delay, self._answer, stream, reply, order)
        else:
            self._answer(stream, reply, order)
        if is_last:
            self._say_goodbye(stream)

    def _answer(self, stream: int, reply: Reply, order: Order) -> None:
        self.open.discard(stream)
        if self.transport.is_closing():
            return
        if order.get("reset"):
            self.transport.abort()
            return
        try:
            if order.get("lost"):
                self.h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
            else:
                self._send(stream, reply, order.get("drip", 0.0))
        except ProtocolError:  # the client gave the stream up meanwhile
            return
        self._flush()
        if reply.status < 300 and self.allowed < self.server.max_streams:
            self.allowed = self.server.max_streams
            self._tell_allowed()

    def _send(self, stream: int, reply: Reply, drip: float) -> None:
        head = [(":status", str(reply.status)), *reply.headers.items()]
        self.h2.send_headers(stream, head, end_stream=not reply.body)
        if drip:
            self._drip(stream, reply.body, drip)
        elif reply.body:
            self.h2.send_data(stream, reply.body, end_stream=True)

    def _drip(self, stream: int, rest: bytes, seconds: float) -> None:
        if self.transport.is_closing():
            return
        with suppress(ProtocolError):
            self.h2.send_data(stream, rest[:1], end_stream=len(rest) == 1)
            self._flush()
            if len(rest) > 1:
                asyncio.get_running_loop().call_later(
                    seconds, self._drip, stream, rest[1:], seconds
                )

    def _say_goodbye(self, stream: int) -> None:
        """What came up to this stream is answered, the rest was not looked at."""
        self.is_going, self.last_stream = True, stream
        self._flush()
        said = stream.to_bytes(4) + ErrorCodes.NO_ERROR.to_bytes(4) + self.server.goodbye
        self._write_frame(GOAWAY, said)
        # Long enough for the answers that are due.
        asyncio.get_running_loop().call_later(self.server.latency + 0.05, self.transport.close)

    def _tell_allowed(self) -> None:
        """By a frame of our own: h2 would end the connection of a client that opens more before it
        has read this, where vendors only refuse the stream."""
        setting = SettingCodes.MAX_CONCURRENT_STREAMS.to_bytes(2) + self.allowed.to_bytes(4)
        if not self.transport.is_closing():
            self._write_frame(SETTINGS, setting)

    def _write_frame(self, kind: int, payload: bytes) -> None:
        head = len(payload).to_bytes(3) + bytes([kind, 0]) + (0).to_bytes(4)
        self.transport.write(head + payload)

    def _flush(self) -> None:
        data = self.h2.data_to_send()
        if data and not self.transport.is_closing():
            self.transport.write(data)


def _ordered(reply: Reply, order: Order) -> Reply:
    if "status" not in order:
        return reply
    body = order.get("body", "")
    return Reply(
        order["status"],
        body if isinstance(body, bytes) else str(body).encode(),
        order.get("headers", {}),
    )


@dataclass
class VendorServer:
    """A vendor reads requests in `read`. `trouble` gives an order where none was given by token:
    a chaos run makes some answers fail. With `is_whole` requests and answers stand in the log."""

    log: Log
    tls: ssl.SSLContext
    read: Callable[[Asked], Reading]
    orders: Orders = field(default_factory=Orders)
    trouble: Callable[[], Order] = dict
    is_whole: bool = False
    latency: float = 0.0
    max_streams: int = 100
    first_streams: int = 100
    silence: float = 0.0
    goaway_every: int = 0
    is_abrupt: bool = False
    goodbye: bytes = b""
    host: str = "127.0.0.1"
    calls: deque[tuple[Asked, Reply]] = field(default_factory=lambda: deque(maxlen=10_000))
    connections: set[VendorConnection] = field(default_factory=set)
    connected: int = 0
    refused: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"

    def order_for(self, reading: Reading) -> Order:
        return self.orders.take(reading.token) or self.trouble()

    def note(self, asked: Asked, reading: Reading, reply: Reply, order: Order) -> None:
        """Before the answer leaves: the log is what the world saw, whoever learned of it."""
        self.calls.append((asked, reply))
        status: int | str = reply.status
        if order.get("lost") or order.get("reset"):
            status = "lost"
        self.log.add(
            message=reading.message,
            token=reading.token,
            at=time.time(),
            status=status,
            **reading.noted,
            **(self._whole(asked, reply, status) if self.is_whole else {}),
        )

    def _whole(self, asked: Asked, reply: Reply, status: int | str) -> dict[str, Any]:
        headers = {name: value for name, value in asked.headers.items() if name[0] != ":"}
        return {
            "method": asked.headers[":method"],
            "url": f"{self.url}{asked.headers[':path']}",
            "request": written("HTTP/2", headers, asked.body),
            "answer": None if status == "lost" else written("HTTP/2", reply.headers, reply.body),
        }

    async def serve(self, until: asyncio.Event, on_start: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: VendorConnection(self), self.host, self.port, ssl=self.tls, backlog=1000
        )
        self.port = server.sockets[0].getsockname()[1]
        on_start()
        await until.wait()
        server.close()
        for connection in list(self.connections):
            with suppress(AttributeError):  # Python 3.11.2: a TLS transport that is closed already
                connection.transport.abort()
        await server.wait_closed()
