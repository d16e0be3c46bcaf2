"""APNs as tests meet it: the provider with Apple's two environments behind it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from common.transport import Answer, Limits, Timeouts, Transport
from push.providers.apns import ApnsProvider
from push.providers.apns_settings import read_apns_settings
from push.providers.base import PushRequest, PushResult
from push.providers.site import Site
from tests.providers.apns_keys import KeyRing, make_credential
from tests.providers.apns_server import Apns, make_server
from tests.providers.certificates import make_certificate, server_context
from tests.providers.contract import NOW, Seen, Vendor
from tests.providers.proxy_server import run_in_thread
from tests.providers.vendor_server import VendorServer

BUNDLE_ID = "com.larkfield.app"
ORDERS: dict[str, dict[str, Any]] = {
    "busy": {
        "status": 429,
        "headers": {"retry-after": "4"},
        "body": '{"reason":"TooManyRequests"}',
    },
    "down": {"status": 503, "body": '{"reason":"ServiceUnavailable"}'},
    "too-big": {"status": 413, "body": '{"reason":"PayloadTooLarge"}'},
    "lost": {"lost": True, "delay": 0.4},
    "slow": {"delay": 0.2},
}


class ApnsVendor(Vendor):
    busy_seconds = 4.0
    platform = "ios"

    def __init__(self, production: VendorServer, sandbox: VendorServer, ca_file: Path) -> None:
        self.server = production
        self.sandbox_server = sandbox
        self.keys = KeyRing(now=lambda: NOW.timestamp())
        self.apns = Apns("production", self.keys)
        self.sandbox = Apns("sandbox", self.keys)
        production.read, sandbox.read = self.apns.read, self.sandbox.read
        self.site = Site(
            ca_file=str(ca_file),
            timeouts=Timeouts(5.0, 10.0),
            apns_url=production.url,
            apns_sandbox_url=sandbox.url,
        )
        self.credential = self.add(make_credential(topic=BUNDLE_ID))
        self.provider: ApnsProvider = self.make_provider(self.credential)
        self.transport = Transport(Limits(patience=60, longest_wait=60))

    def add(self, credential: dict[str, str]) -> dict[str, str]:
        """Let Apple know the key."""
        self.apns.add(credential)
        self.sandbox.add(credential)
        return credential

    def make_provider(self, credential: dict[str, str], **changes: str) -> ApnsProvider:
        return ApnsProvider(read_apns_settings({**credential, **changes}, self.site), self.site)

    def token_for(self, trouble: str) -> str:
        token = trouble.encode().hex()
        if trouble in ORDERS:
            self.server.orders.give(token, ORDERS[trouble])
        if trouble == "gone":
            self.apns.gone[token] = int(NOW.timestamp() * 1000)
        return token

    def request(self, trouble: str, platform: str = "", **changes: object) -> PushRequest:
        made = super().request(trouble, platform, **changes)
        return replace(made, target=replace(made.target, bundle_id=BUNDLE_ID))

    def request_to(self, token: str, environment: str = "", **changes: object) -> PushRequest:
        made = self.request("fine", **changes)
        return replace(made, target=replace(made.target, token=token, environment=environment))

    def seen(self) -> list[Seen]:
        return [
            Seen(asked.headers["apns-collapse-id"], self.text_of(asked.body, ""))
            for asked, _ in list(self.server.calls)
        ]

    def text_of(self, payload: bytes, platform: str) -> str:
        return str(orjson.loads(payload)["aps"]["alert"]["body"])

    def send(self, *requests: PushRequest, now: datetime = NOW) -> list[PushResult]:
        calls = (self.provider.start(request, now) for request in requests)
        answers = self.transport.perform(calls)
        return [a.tag.finish(a) for a in answers if isinstance(a, Answer)]

    def accepted(self) -> list[str]:
        """Ids of the messages that Apple took, in both environments."""
        servers = (self.server, self.sandbox_server)
        calls = [call for server in servers for call in list(server.calls)]
        return [a.headers["apns-collapse-id"] for a, reply in calls if reply.status == 200]

    def jwts(self) -> set[str]:
        """The tokens that came, whatever was answered."""
        return {asked.headers["authorization"] for asked, _ in list(self.server.calls)}


@contextmanager
def running_apns(folder: Path) -> Iterator[ApnsVendor]:
    authority = make_certificate("Test authority")
    certificate = make_certificate("APNs", issuer=authority, hosts=("127.0.0.1",))
    (folder / "ca.pem").write_text(authority.cert_pem)
    tls = server_context(certificate, folder, protocols=("h2",))
    production = make_server(folder / "production.jsonl", tls, Apns())
    sandbox = make_server(folder / "sandbox.jsonl", tls, Apns())
    with run_in_thread(production), run_in_thread(sandbox):
        vendor = ApnsVendor(production, sandbox, folder / "ca.pem")
        yield vendor
        vendor.transport.close()
    os.close(production.log.file)
    os.close(sandbox.log.file)
