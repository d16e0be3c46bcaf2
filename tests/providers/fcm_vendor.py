"""FCM as tests meet it: the provider with a stub behind it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from common.transport import Answer, Timeouts, Transport
from push.providers.base import PushRequest, PushResult
from push.providers.fcm import FcmProvider
from push.providers.fcm_settings import FcmSettings, read_fcm_settings
from push.providers.site import Site
from push.providers.token_source import Shelf
from tests.providers import fcm_bodies as say
from tests.providers.certificates import make_certificate, server_context
from tests.providers.contract import NOW, Seen, Vendor
from tests.providers.fcm_accounts import make_file
from tests.providers.fcm_server import TOKEN_ENDPOINT, Fcm, keys_of, make_server
from tests.providers.proxy_server import run_in_thread
from tests.providers.vendor_server import VendorServer

ORDERS: dict[str, dict[str, Any]] = {
    "busy": {"status": 429, "headers": {"retry-after": "4"}, "body": say.quota_exceeded()},
    "down": {"status": 503, "body": say.unavailable()},
    "too-big": {"status": 400, "body": say.too_big()},
    "lost": {"lost": True, "delay": 1.0},
    "slow": {"delay": 0.2},
}


class MemoryShelf:
    """Shared by the providers of one test."""

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}
        self.turns: set[str] = set()

    def get(self, name: str) -> Any:
        return self.entries.get(name)

    def put(self, name: str, value: Any, *, seconds: float) -> None:
        self.entries[name] = value

    def take_turn(self, name: str, *, seconds: float) -> bool:
        is_free = name not in self.turns
        self.turns.add(name)
        return is_free

    def end_turn(self, name: str) -> None:
        self.turns.discard(name)


class FcmVendor(Vendor):
    busy_seconds = 4.0
    platform = "android"
    payload_limit = 4096 - len("payload")

    def __init__(self, server: VendorServer, fcm: Fcm, ca_file: Path) -> None:
        self.server = server
        self.fcm = fcm
        self.file = fcm.accounts.add(make_file())
        self.site = Site(
            ca_file=str(ca_file),
            timeouts=Timeouts(5.0, 10.0),
            fcm_url=server.url,
            fcm_token_url=f"{server.url}/token",
        )
        self.settings: FcmSettings = read_fcm_settings({"service_account": self.file}, self.site)
        self.shelf: Shelf = MemoryShelf()
        self.provider: FcmProvider = FcmProvider(self.settings, self.site, self.shelf)
        self.transport = Transport()

    def token_for(self, trouble: str) -> str:
        if trouble in ORDERS:
            self.server.orders.give(trouble, ORDERS[trouble])
        if trouble == "gone":
            self.fcm.gone.add(trouble)
        return trouble

    def bodies(self) -> list[bytes]:
        """Of the messages that came in."""
        asked = (asked for asked, _ in list(self.server.calls))
        return [one.body for one in asked if one.headers[":path"] != "/token"]

    def token_calls(self) -> int:
        return sum(asked.headers[":path"] == "/token" for asked, _ in list(self.server.calls))

    def order_tokens(self, *orders: dict[str, Any]) -> None:
        self.server.orders.give(TOKEN_ENDPOINT, *orders)

    def seen(self) -> list[Seen]:
        keys = [keys_of(body) for body in self.bodies()]
        return [Seen(one["id"], one["message"]) for one in keys]

    def text_of(self, payload: bytes, platform: str) -> str:
        return str(orjson.loads(payload)["message"])

    def send(self, request: PushRequest, now: datetime = NOW) -> PushResult:
        [answer] = self.transport.perform([self.provider.start(request, now)], tick=60)
        assert isinstance(answer, Answer)
        return answer.tag.finish(answer)


@contextmanager
def running_fcm(folder: Path) -> Iterator[FcmVendor]:
    authority = make_certificate("Test authority")
    certificate = make_certificate("FCM", issuer=authority, hosts=("127.0.0.1",))
    (folder / "ca.pem").write_text(authority.cert_pem)
    tls = server_context(certificate, folder, protocols=("h2",))
    server, fcm = make_server(folder / "log.jsonl", tls)
    with run_in_thread(server):
        vendor = FcmVendor(server, fcm, folder / "ca.pem")
        yield vendor
        vendor.transport.close()
    os.close(server.log.file)
