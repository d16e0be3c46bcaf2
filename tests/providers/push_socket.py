"""The side of a push service that Firefox listens to: a WebSocket, on which it subscribes and gets
what was pushed, sealed as it came. What it has not acknowledged is sent again when it is back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import urandom
from threading import Lock, Thread
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from common import base64url
from tests.providers.browsers import Subscription
from tests.providers.vendor_server import Asked, Reading
from tests.providers.webpush_server import PushService

DELIVERED, NOT_DECRYPTED = 100, 101


@dataclass
class Channel(Subscription):
    """A subscription whose keys the browser keeps to itself."""

    channel_id: str = ""
    # By version: what was pushed and is not acknowledged.
    sealed: dict[str, bytes] = field(default_factory=dict)

    def open(self, body: bytes) -> bytes | None:
        return None


@dataclass
class Listener:
    """One browser, by the id (`uaid`) that it is given."""

    channels: dict[str, Channel] = field(default_factory=dict)
    socket: ServerConnection | None = None

    def send(self, channel: Channel, version: str) -> None:
        if self.socket is None:
            return
        message = {
            "messageType": "notification",
            "channelID": channel.channel_id,
            "version": version,
            "data": base64url.encode(channel.sealed[version]),
            "headers": {"encoding": "aes128gcm"},
        }
        try:
            self.socket.send(json.dumps(message))
        except ConnectionClosed:
            self.socket = None


@dataclass
class ListenedService(PushService):
    """`codes` are the browsers' answers to what they were sent."""

    listeners: dict[str, Listener] = field(default_factory=dict)
    codes: list[int] = field(default_factory=list)
    last: tuple[Channel, bytes] = field(init=False)
    _lock: Lock = field(default_factory=Lock)

    def pass_on(self, asked: Asked, reading: Reading) -> None:
        channel = self.subscriptions[reading.token]
        assert isinstance(channel, Channel)
        with self._lock:
            self.last = channel, asked.body
            self._send(channel, asked.body)

    def _send(self, channel: Channel, body: bytes) -> None:
        version = urandom(8).hex()
        channel.sealed[version] = body
        self._listener_of(channel).send(channel, version)

    def _listener_of(self, channel: Channel) -> Listener:
        return next(one for one in self.listeners.values() if channel.channel_id in one.channels)

    def waiting(self) -> list[str]:
        """Versions of what no browser has acknowledged."""
        listeners = self.listeners.values()
        channels = [channel for one in listeners for channel in one.channels.values()]
        return [version for channel in channels for version in channel.sealed]

    def has_ended(self) -> bool:
        """Whether a browser has given a subscription up."""
        return any(one.is_gone for one in self.subscriptions.values())

    def send_last_again(self) -> None:
        """As a push that was repeated, since nobody knew whether it had arrived."""
        channel, body = self.last
        with self._lock:
            self._send(channel, body)

    def attend(self, socket: ServerConnection) -> None:
        """For as long as a browser is connected."""
        listener = Listener()
        try:
            for text in socket:
                message = json.loads(text)
                with self._lock:
                    if message.get("messageType") == "hello":
                        listener = self._greet(message, socket)
                    else:
                        self._answer(message, listener, socket)
        except ConnectionClosed:
            pass
        finally:
            if listener.socket is socket:
                listener.socket = None

    def _greet(self, message: dict[str, Any], socket: ServerConnection) -> Listener:
        uaid = message.get("uaid") or ""
        if uaid not in self.listeners:
            uaid = urandom(16).hex()
            self.listeners[uaid] = Listener()
        listener = self.listeners[uaid]
        listener.socket = socket
        hello = {"messageType": "hello", "status": 200, "uaid": uaid}
        socket.send(json.dumps({**hello, "use_webpush": True, "broadcasts": {}}))
        for channel in listener.channels.values():
            for version in channel.sealed:
                listener.send(channel, version)
        return listener

    def _answer(
        self, message: dict[str, Any], listener: Listener, socket: ServerConnection
    ) -> None:
        kind, channel_id = message.get("messageType"), message.get("channelID", "")
        answer: dict[str, Any] = {"messageType": kind, "status": 200, "channelID": channel_id}
        if kind == "register":
            channel = self._subscribe(channel_id, message["key"])
            listener.channels[channel_id] = channel
            socket.send(json.dumps({**answer, "pushEndpoint": self.endpoint(channel)}))
        elif kind == "unregister":
            listener.channels.pop(channel_id).is_gone = True
            socket.send(json.dumps(answer))
        elif kind == "ack":
            for update in message["updates"]:
                self.codes.append(update.get("code", DELIVERED))
                listener.channels[update["channelID"]].sealed.pop(update["version"], None)
        elif not message:  # a ping
            socket.send("{}")

    def _subscribe(self, channel_id: str, key: str) -> Channel:
        channel = Channel(urandom(12).hex(), key.rstrip("="), channel_id=channel_id)
        self.subscriptions[channel.token] = channel
        return channel


@contextmanager
def listened(service: ListenedService) -> Iterator[str]:
    """The address that browsers are told to listen at."""
    with serve(
        service.attend, "127.0.0.1", 0, subprotocols=["push-notification"], compression=None
    ) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        for listener in service.listeners.values():
            if listener.socket is not None:
                listener.socket.close()
        server.shutdown()
        thread.join(10)
