"""An HTTP/2 server for tests, by frames (RFC 9113), so that each kind of trouble can be ordered.

It reads no request headers: a call's identity is its JSON body. Answers are `:status 200` alone.
"""

import asyncio
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MAX_CONCURRENT_STREAMS = 3
REFUSED_STREAM = 7
STATUS_200 = b"\x88"  # index 8 of HPACK's static table

# `mute`: the connection is taken as if its other end were gone; nothing comes back any more.
Trouble = Literal["", "goaway", "goaway_abrupt", "refuse", "rst", "mute"]


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


class H2Connection(asyncio.Protocol):
    def __init__(self, server: "H2Server") -> None:
        self.server = server
        self.buffer = b""
        self.bodies: dict[int, bytes] = {}
        self.taken = 0
        self.waiting = 0
        self.last_stream = 0
        self.is_going = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.connections.append(self)
        self.server.connected += 1
        self.server.most_connected = max(self.server.most_connected, self.server.connected)
        settings = struct.pack(">HI", MAX_CONCURRENT_STREAMS, self.server.max_streams)
        self.transport.write(frame(SETTINGS, 0, 0, settings))

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.connected -= 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.buffer.startswith(PREFACE):
            self.buffer = self.buffer[len(PREFACE) :]
        while len(self.buffer) >= 9 and not self.buffer.startswith(b"PRI"):
            size = int.from_bytes(self.buffer[:3])
            if len(self.buffer) < 9 + size:
                return
            kind, flags, stream = struct.unpack(">BBI", self.buffer[3:9])
            payload, self.buffer = self.buffer[9 : 9 + size], self.buffer[9 + size :]
            self._receive(kind, flags, stream, payload)

    def _receive(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            self.transport.write(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.transport.write(frame(PING, ACK, 0, payload))
        elif kind == HEADERS:
            self.bodies[stream] = b""
        elif kind == DATA and stream in self.bodies:
            self.bodies[stream] += payload
            if payload:
                self.transport.write(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", len(payload))))
        if kind in (HEADERS, DATA) and flags & END_STREAM and stream in self.bodies:
            self._take(stream, self.bodies.pop(stream))

    def _take(self, stream: int, body: bytes) -> None:
        server = self.server
        if self.is_going:
            return  # above the last stream that GOAWAY named: ignored, as the protocol says
        if self.waiting >= server.max_streams:
            self._reset(stream, REFUSED_STREAM)
            return
        self.waiting += 1
        server.most_open = max(server.most_open, self.waiting)
        self.taken += 1
        is_in_trouble = server.every > 0 and self.taken % server.every == 0
        if is_in_trouble and server.trouble == "refuse":
            self._reset(stream, REFUSED_STREAM)
            return
        server.bodies.append(body)
        self.last_stream = stream
        if is_in_trouble and server.trouble == "mute":
            self.transport.pause_reading()
            return
        if is_in_trouble and server.trouble == "goaway_abrupt":
            self.transport.abort()
            return
        if is_in_trouble and server.trouble == "rst":
            self._reset(stream, 2)
            return
        if server.latency:
            asyncio.get_running_loop().call_later(server.latency, self._answer, stream)
        else:
            self._answer(stream)
        if is_in_trouble and server.trouble == "goaway":
            self._say_goodbye()

    def _answer(self, stream: int) -> None:
        self.waiting -= 1
        if not self.transport.is_closing():
            self.transport.write(frame(HEADERS, END_HEADERS | END_STREAM, stream, STATUS_200))

    def _reset(self, stream: int, code: int) -> None:
        self.transport.write(frame(RST_STREAM, 0, stream, struct.pack(">I", code)))

    def _say_goodbye(self) -> None:
        """GOAWAY: what came up to `last_stream` is answered, the rest was not looked at."""
        self.is_going = True
        self.transport.write(frame(GOAWAY, 0, 0, struct.pack(">II", self.last_stream, 0)))
        asyncio.get_running_loop().call_later(self.server.latency + 0.05, self.transport.close)


@dataclass
class H2Server:
    """`trouble` strikes at each `every`-th call of a connection."""

    tls: ssl.SSLContext
    trouble: Trouble = ""
    every: int = 0
    latency: float = 0.0
    max_streams: int = 100
    bodies: list[bytes] = field(default_factory=list)
    connections: list[H2Connection] = field(default_factory=list)
    most_open: int = 0
    connected: int = 0
    most_connected: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/push"

    async def serve(self, until: asyncio.Event, on_start: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: H2Connection(self), "127.0.0.1", self.port, ssl=self.tls
        )
        self.port = server.sockets[0].getsockname()[1]
        on_start()
        await until.wait()
        server.close()
        for connection in self.connections:
            with suppress(AttributeError):  # Python 3.11.2: a TLS transport that is closed already
                connection.transport.abort()
        await server.wait_closed()
