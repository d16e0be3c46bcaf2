"""Web Push against a push service that refuses what a vendor's would refuse."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from common.transport import Answer, Limits, Sent, Timeouts, Transport
from push.providers.base import (
    DeviceTarget,
    Outcome,
    PushRequest,
    PushResult,
)
from push.providers.site import Site
from push.providers.vapid import VapidSigner, new_private_key
from push.providers.webpush import WebPushProvider
from push.providers.webpush_settings import WebPushSettings
from tests.providers.certificates import make_certificate, server_context
from tests.providers.contract import NOW, ProviderContract, Seen, Vendor
from tests.providers.fcm_vendor import MemoryShelf
from tests.providers.proxy_server import run_in_thread
from tests.providers.webpush_server import (
    PushService,
    Subscription,
    WebPushServer,
    make_server,
)

CONTACT = "mailto:push@larkfield.example"
ORDERS: dict[str, dict[str, Any]] = {
    "gone": {"status": 410},
    "busy": {"status": 429, "headers": {"retry-after": "4"}},
    "down": {"status": 503},
    "too-big": {"status": 413},
    "lost": {"lost": True, "delay": 1.0},
    "slow": {"delay": 0.2},
}


class WebPushVendor(Vendor):
    busy_seconds = 4.0
    platform = "web"
    accepted_status = 201
    payload_limit = 3993

    def __init__(self, server: WebPushServer, service: PushService, ca_file: Path) -> None:
        self.server = server
        self.service = service
        self.settings = WebPushSettings(new_private_key(), CONTACT)
        self.site = Site(
            ca_file=str(ca_file),
            allowed_networks=("127.0.0.0/8",),
            timeouts=Timeouts(5.0, 10.0),
            web_push_hosts=("127.0.0.1",),
        )
        self.provider = WebPushProvider(self.settings, self.site)
        self.server_key = VapidSigner(self.settings.vapid_private_key, CONTACT).public_key

    def subscribe(self, token: str) -> Subscription:
        known = self.service.subscriptions.get(token)
        return known or self.service.subscribe(self.server_key, token)

    def target(self, subscription: Subscription) -> DeviceTarget:
        endpoint = self.service.endpoint(subscription)
        return DeviceTarget("web", endpoint, subscription.p256dh, subscription.auth)

    def token_for(self, trouble: str) -> str:
        if trouble in ORDERS:
            self.server.orders.give(trouble, ORDERS[trouble])
        return self.service.endpoint(self.subscribe(trouble))

    def request(self, trouble: str, platform: str = "", **changes: object) -> PushRequest:
        made = super().request(trouble, platform, **changes)
        return replace(made, target=self.target(self.subscribe(trouble)))

    def seen(self) -> list[Seen]:
        return [
            Seen(
                asked.headers["topic"],
                self.text_of(self._subscription(asked.headers).open(asked.body) or b"{}", "web"),
            )
            for asked, _ in self.server.calls
        ]

    def _subscription(self, headers: Any) -> Subscription:
        return self.service.subscriptions[headers[":path"].rpartition("/")[2]]

    def text_of(self, payload: bytes, platform: str) -> str:
        return str(orjson.loads(payload)["message"])

    def send(self, request: PushRequest, now: datetime = NOW) -> PushResult:
        transport = Transport()
        [answer] = transport.perform([self.provider.start(request, now)], tick=60)
        transport.close()
        assert isinstance(answer, Answer)
        return answer.tag.finish(answer)


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[WebPushVendor]:
    authority = make_certificate("Test authority")
    certificate = make_certificate("push service", issuer=authority, hosts=("127.0.0.1",))
    (tmp_path / "ca.pem").write_text(authority.cert_pem)
    tls = server_context(certificate, tmp_path, protocols=("h2",))
    server, service = make_server(tmp_path / "log.jsonl", tls)
    service.now = lambda: NOW
    with run_in_thread(server):
        yield WebPushVendor(server, service, tmp_path / "ca.pem")
    os.close(server.log.file)


class TestWebPush(ProviderContract):
    platforms = ("web",)


def test_request_has_the_headers_of_the_rfcs(vendor: WebPushVendor) -> None:
    request = vendor.request("fine", expires_at=NOW + timedelta(hours=1))

    vendor.send(request)

    [(asked, _)] = vendor.server.calls
    told = {name: asked.headers[name] for name in ("ttl", "urgency", "topic", "content-encoding")}
    assert told == {
        "ttl": "3600",
        "urgency": "high",
        "topic": request.message_id,
        "content-encoding": "aes128gcm",
    }
    assert asked.headers["authorization"].endswith(f", k={vendor.server_key}")
    assert asked.headers[":method"] == "POST"


def test_time_to_live_is_what_is_left_of_the_lookback_at_most_what_google_takes(
    vendor: WebPushVendor,
) -> None:
    """D6."""
    for left in (timedelta(days=30), timedelta(days=28), timedelta(seconds=-1)):
        vendor.send(vendor.request("fine", expires_at=NOW + left))

    assert [asked.headers["ttl"] for asked, _ in vendor.server.calls] == ["2419200"] * 2 + ["0"]


def test_browser_reads_what_the_sdk_needs(vendor: WebPushVendor) -> None:
    """D6."""
    request = vendor.request("fine", data={"brandId": "90588711"}, badge=3)

    vendor.send(request)

    [received] = vendor.subscribe("fine").received
    assert orjson.loads(received) == {
        "id": request.message_id,
        "backendService": "prmsg",
        "brandId": "90588711",
        "expirationEpochTime": int(request.expires_at.timestamp()),
        "message": request.body,
        "badge": 3,
        "title": "Your new card",
    }


def test_accepted_push_is_known_by_the_location_that_the_service_gave(
    vendor: WebPushVendor,
) -> None:
    result = vendor.send(vendor.request("fine"))

    assert result.provider_id.startswith(f"{vendor.server.url}/message/")


def test_browser_that_was_away_gets_each_message_once(vendor: WebPushVendor) -> None:
    """A repeat after a lost answer carries the same topic, and replaces what waits."""
    subscription = vendor.subscribe("fine")
    subscription.is_online = False
    first, other = vendor.request("fine"), vendor.request("fine", message_id="0" * 32)
    for request in (first, replace(first, attempt=2), other):
        vendor.send(request)

    subscription.come_online()

    ids = [orjson.loads(message)["id"] for message in subscription.received]
    assert ids == [first.message_id, "0" * 32]


@pytest.mark.parametrize(("size", "kept"), [(3992, 3992), (3993, 3993), (3994, 3993)])
def test_plaintext_may_have_3993_bytes_and_is_cut_beyond(
    vendor: WebPushVendor, size: int, kept: int
) -> None:
    """P9: on the final bytes."""
    bare = len(vendor.provider.payload(vendor.request("fine", body=""), NOW))
    request = vendor.request("fine", body="x" * (size - bare))

    result = vendor.send(request)

    [received] = vendor.subscribe("fine").received
    [(asked, _)] = vendor.server.calls
    assert result.outcome is Outcome.ACCEPTED
    assert (len(received.encode()), len(asked.body)) == (kept, kept + 103)
    assert (orjson.loads(received)["message"] == request.body) is (size == kept)


def test_subscription_of_another_key_says_so_and_holds_up_nobody(vendor: WebPushVendor) -> None:
    """The app's key pair was replaced: browsers that subscribed before must subscribe again."""
    vendor.service.subscribe(VapidSigner(new_private_key(), CONTACT).public_key, "of-old-key")

    old = vendor.send(vendor.request("of-old-key"))
    new = vendor.send(vendor.request("fine"))

    assert (old.outcome, old.reason) == (Outcome.REJECTED, "other_vapid_key")
    assert new.outcome is Outcome.ACCEPTED


def test_token_that_the_service_refuses_is_a_matter_for_the_administrator(
    vendor: WebPushVendor,
) -> None:
    a_day_later = NOW + timedelta(days=1)

    result = vendor.send(vendor.request("fine"), now=a_day_later)

    assert (result.outcome, result.reason) == (Outcome.MISCONFIGURED, "credential_refused")
    assert "more than 24 hours" in result.detail


def test_made_up_address_holds_up_nobody_after_a_restart_either(vendor: WebPushVendor) -> None:
    """S5."""
    shelf, made_up = MemoryShelf(), vendor.request("fine")
    a_day_later = NOW + timedelta(days=1)
    vendor.provider = WebPushProvider(vendor.settings, vendor.site, shelf)
    vendor.send(vendor.request("fine"))
    vendor.provider = WebPushProvider(vendor.settings, vendor.site, shelf)

    refused = vendor.send(made_up, now=a_day_later)

    assert (refused.outcome, refused.reason) == (Outcome.RETRY, "credential_refused")


def test_certificate_of_one_service_holds_up_no_other(vendor: WebPushVendor) -> None:
    """D14, and an address that somebody made up below an allowed name."""
    trusting, doubting = (
        vendor.provider,
        WebPushProvider(vendor.settings, replace(vendor.site, ca_file="")),
    )
    vendor.provider = doubting
    alone = vendor.send(vendor.request("fine"))
    doubting._proof.give()
    among_others = vendor.send(vendor.request("fine"))

    assert (alone.outcome, alone.reason) == (Outcome.MISCONFIGURED, "certificate_refused")
    assert (among_others.outcome, among_others.reason) == (Outcome.RETRY, "certificate_refused")
    vendor.provider = trusting
    assert vendor.send(vendor.request("fine")).outcome is Outcome.ACCEPTED


UNUSABLE_KEYS = [("", ""), ("AAAA", None), (None, "AAAA"), ("é", None), (None, "A")]


@pytest.mark.parametrize(("p256dh", "auth"), UNUSABLE_KEYS)
def test_device_with_keys_that_are_none_is_at_its_end(
    vendor: WebPushVendor, p256dh: str | None, auth: str | None
) -> None:
    good = vendor.request("fine")
    target = replace(
        good.target,
        p256dh=good.target.p256dh if p256dh is None else p256dh,
        auth=good.target.auth if auth is None else auth,
    )

    result = vendor.send(replace(good, target=target))

    assert (result.outcome, result.reason) == (Outcome.UNREGISTERED, "bad_subscription")
    assert (result.is_started, bool(result.detail)) == (True, True)
    assert vendor.server.connected == 0


def test_service_inside_is_not_connected_unless_the_operator_allows_it(
    vendor: WebPushVendor,
) -> None:
    """S5: the name is on the list, and leads to a private address."""
    vendor.provider = WebPushProvider(vendor.settings, replace(vendor.site, allowed_networks=()))

    result = vendor.send(vendor.request("fine"))

    assert (result.outcome, result.reason) == (Outcome.MISCONFIGURED, "address_refused")
    assert vendor.server.connected == 0


def test_token_is_signed_once_for_a_service_and_not_for_each_message(
    vendor: WebPushVendor,
) -> None:
    transport = Transport(Limits(patience=60, longest_wait=60))
    requests = [vendor.request("fine", message_id=f"{n:032x}") for n in range(200)]

    calls = (vendor.provider.start(request, NOW) for request in requests)
    answers = [a for a in transport.perform(calls) if isinstance(a, Answer)]
    transport.close()

    tokens = {asked.headers["authorization"] for asked, _ in vendor.server.calls}
    ids = [orjson.loads(message)["id"] for message in vendor.subscribe("fine").received]
    assert [a.status for a in answers] == [201] * 200
    assert sorted(ids) == [f"{n:032x}" for n in range(200)]
    assert len(tokens) == 1


def test_secrets_do_not_show_when_things_are_printed(vendor: WebPushVendor) -> None:
    request = vendor.request("fine", body="hush-1", title="hush-2")
    call = vendor.provider.start(request, NOW)
    answer = Answer(call.tag, Sent.ANSWERED, NOW, 201)

    printed = repr([vendor.provider, vendor.settings, call, answer.tag.finish(answer)])

    hidden = [vendor.settings.vapid_private_key, request.target.auth, request.target.p256dh]
    assert not [secret for secret in ["hush", "vapid t=", *hidden] if secret in printed]
