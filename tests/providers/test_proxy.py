import os
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from common.signatures import SigningSecret, new_secret
from common.transport import Answer, Call, Sent, Timeouts, Transport
from push.providers.base import Outcome, PushRequest, PushResult, Sending, SettingInvalid
from push.providers.proxy import ProxyProvider
from push.providers.proxy_settings import ProxySettings
from push.providers.reading import parse_retry_after
from tests.providers.certificates import make_certificate, server_context
from tests.providers.contract import (
    NOW,
    REPLY_KEYS,
    ProviderContract,
    Seen,
    Vendor,
    make_request,
)
from tests.providers.proxy_server import ProxyServer, open_log, run_in_thread

LOOPBACK: dict[str, Any] = {"allowed_networks": ("127.0.0.0/8",), "allow_http": True}
ORDERS: dict[str, dict[str, Any]] = {
    "fine": {"body": '{"ok": true}'},
    "gone": {"status": 403},
    "busy": {"status": 429, "headers": {"Retry-After": "4"}},
    "down": {"status": 503},
    "too-big": {"status": 413},
    "lost": {"delay": 60},
    "slow": {"delay": 0.2},
}


class ProxyVendor(Vendor):
    busy_seconds = 4.0

    def __init__(self, server: ProxyServer, **settings: Any) -> None:
        self.server = server
        given = ProxySettings(server.url, **LOOPBACK, **settings)
        given.validate()
        self.provider = ProxyProvider(given, timeouts=Timeouts(2.0, 2.0))
        self.transport = Transport()

    def token_for(self, trouble: str) -> str:
        if trouble != "fine":
            self.server.orders.give(trouble, ORDERS[trouble])
        return trouble

    def seen(self) -> list[Seen]:
        return [
            Seen(head["webhook-id"], self.text_of(body, "")) for head, body in self.server.calls
        ]

    def text_of(self, payload: bytes, platform: str) -> str:
        body = orjson.loads(payload)
        return str(body["aps"]["alert"] if "aps" in body else body["data"]["message"])

    def send(self, request: PushRequest) -> PushResult:
        [answer] = self.transport.perform([self.provider.start(request, NOW)], tick=60)
        assert isinstance(answer, Answer)
        return answer.tag.finish(answer)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ProxyServer]:
    log = open_log(tmp_path / "calls.jsonl")
    made = ProxyServer(log)
    with run_in_thread(made):
        yield made
    os.close(log.file)


@pytest.fixture
def vendor(server: ProxyServer) -> Iterator[ProxyVendor]:
    made = ProxyVendor(server)
    yield made
    made.transport.close()


class TestProxy(ProviderContract):
    pass


def test_iphone_body_has_the_documented_shape(vendor: ProxyVendor) -> None:
    request = make_request("01408800000259", data={"brandId": "90588711"}, attempt=2)

    body = orjson.loads(vendor.provider.payload(request, NOW))

    assert body == {
        "aps": {"alert": request.body, "sound": "default"},
        "push-service": 1,
        "device-token": "01408800000259",
        "notificationType": "apn",
        "backendService": "prmsg",
        "brandId": "90588711",
        "badge": 1,
        "id": request.message_id,
        "expirationEpochTime": int(request.expires_at.timestamp()),
        "title": "Your new card",
        "attempt": 2,
    }


@pytest.mark.parametrize(
    ("platform", "service", "kind"),
    [("android", 2, "gcm"), ("huawei", 3, "huawei"), ("web", 2, "web")],
)
def test_other_bodies_have_the_documented_shape(
    vendor: ProxyVendor, platform: str, service: int, kind: str
) -> None:
    request = make_request("01408800000259", platform, data={"brandId": "90588711"}, title="")

    body = orjson.loads(vendor.provider.payload(request, NOW))

    assert body == {
        "data": {
            "message": request.body,
            "payload": {
                "backendService": "prmsg",
                "brandId": "90588711",
                "badge": 1,
                "id": request.message_id,
                "expirationEpochTime": int(request.expires_at.timestamp()),
            },
        },
        "push-service": service,
        "device-token": "01408800000259",
        "notificationType": kind,
        "attempt": 1,
    }


def test_iphone_body_of_an_agents_message_has_the_documented_shape(vendor: ProxyVendor) -> None:
    """E6: the sample of LivePerson's page, with our `id`, `title` and `attempt` added."""
    request = make_request("01408800000259", data=REPLY_KEYS, body="My Test: 123", title="Shop")

    body = orjson.loads(vendor.provider.payload(request, NOW))

    assert body == {
        "aps": {"alert": "My Test: 123", "sound": "default"},
        "push-service": 1,
        "device-token": "01408800000259",
        "notificationType": "apn",
        **REPLY_KEYS,
        "sequence": 8,
        "badge": 1,
        "id": request.message_id,
        "title": "Shop",
        "attempt": 1,
    }


@pytest.mark.parametrize(
    ("platform", "service", "kind"), [("android", 2, "gcm"), ("huawei", 3, "huawei")]
)
def test_other_bodies_of_an_agents_message_have_the_documented_shape(
    vendor: ProxyVendor, platform: str, service: int, kind: str
) -> None:
    """E6: as above."""
    request = make_request("01408800000259", platform, data=REPLY_KEYS, badge=4, title="")

    body = orjson.loads(vendor.provider.payload(request, NOW))

    keys = {**REPLY_KEYS, "sequence": 8, "badge": 4, "id": request.message_id}
    assert body == {
        "data": {"message": request.body, "payload": keys},
        "push-service": service,
        "device-token": "01408800000259",
        "notificationType": kind,
        "attempt": 1,
    }


def test_call_carries_identity_login_and_the_brands_headers(server: ProxyServer) -> None:
    server.credential = "Basic " + b64encode("larkfield:påss:wörd".encode()).decode()
    headers = (("ApiKey", "a-b_c$d&e@f.g#h*"), ("Region", "eu"))
    vendor = ProxyVendor(server, username="larkfield", password="påss:wörd", headers=headers)

    result = vendor.send(make_request())

    head, _ = server.calls[0]
    assert result.outcome is Outcome.ACCEPTED
    assert head[""] == "POST /push HTTP/1.1"
    assert head["content-type"] == "application/json"
    assert head["webhook-id"] == make_request().message_id
    assert (head["apikey"], head["region"]) == ("a-b_c$d&e@f.g#h*", "eu")
    vendor.transport.close()


def test_idempotency_key_names_the_message_and_the_device_on_every_try(
    vendor: ProxyVendor,
) -> None:
    """Two devices of a consumer get the same message: its id alone would make one a repeat."""
    requests = [make_request("t1"), make_request("t1", attempt=2), make_request("t2")]

    for request in requests:
        vendor.send(request)

    heads = [head for head, _ in vendor.server.calls]
    first, again, other = (head["idempotency-key"] for head in heads)
    assert first == again
    assert other != first
    assert {head["webhook-id"] for head in heads} == {requests[0].message_id}
    assert first.startswith(f"{requests[0].message_id}-")


OLD, NEW = new_secret(), new_secret()


def signed_call(vendor: ProxyVendor, now: datetime, *secrets: SigningSecret) -> Call[Sending]:
    provider = ProxyProvider(replace(vendor.provider.settings, signing=secrets))
    return provider.start(make_request(), now)


def test_push_is_signed_by_standard_webhooks(vendor: ProxyVendor) -> None:
    now = datetime.now(UTC)
    call = signed_call(vendor, now, SigningSecret(NEW))
    head = dict(call.headers)

    Webhook(NEW).verify(call.body, head)

    assert head["webhook-id"] == make_request().message_id
    assert head["webhook-timestamp"] == str(int(now.timestamp()))
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(call.body.replace(b"token-1", b"token-2"), head)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(call.body, head)


def test_every_try_is_signed_anew_with_the_same_id(vendor: ProxyVendor) -> None:
    now = datetime.now(UTC)
    tries = [now, now + timedelta(seconds=10)]

    heads = [dict(signed_call(vendor, at, SigningSecret(NEW)).headers) for at in tries]

    assert heads[0]["webhook-id"] == heads[1]["webhook-id"]
    assert int(heads[1]["webhook-timestamp"]) - int(heads[0]["webhook-timestamp"]) == 10
    assert heads[0]["webhook-signature"] != heads[1]["webhook-signature"]


def test_both_secrets_sign_during_a_rotation_and_the_new_one_alone_after_it(
    vendor: ProxyVendor,
) -> None:
    now = datetime.now(UTC)
    secrets = (SigningSecret(NEW), SigningSecret(OLD, until=now + timedelta(seconds=5)))
    during = signed_call(vendor, now, *secrets)
    after = signed_call(vendor, now + timedelta(seconds=5), *secrets)

    for secret in (OLD, NEW):
        Webhook(secret).verify(during.body, dict(during.headers))
    Webhook(NEW).verify(after.body, dict(after.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(after.body, dict(after.headers))


def test_push_of_a_credential_without_a_secret_is_not_signed(vendor: ProxyVendor) -> None:
    vendor.send(make_request())

    head, _ = vendor.server.calls[0]
    assert head["webhook-id"] == make_request().message_id
    assert "webhook-signature" not in head


def test_wrong_login_is_a_matter_for_the_administrator(server: ProxyServer) -> None:
    """D1: 401 holds the app."""
    server.credential = "Basic other"
    vendor = ProxyVendor(server, username="larkfield", password="wrong")

    result = vendor.send(make_request())

    assert (result.outcome, result.reason) == (Outcome.MISCONFIGURED, "credential_refused")
    vendor.transport.close()


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        (200, Outcome.ACCEPTED, ""),
        (202, Outcome.ACCEPTED, ""),
        (204, Outcome.ACCEPTED, ""),
        (302, Outcome.MISCONFIGURED, "redirected"),
        (400, Outcome.REJECTED, "refused"),
        (401, Outcome.MISCONFIGURED, "credential_refused"),
        (403, Outcome.UNREGISTERED, "token_gone"),
        (404, Outcome.REJECTED, "refused"),
        (413, Outcome.REJECTED, "payload_too_big"),
        (429, Outcome.RETRY, "rate_limited"),
        (500, Outcome.RETRY, "provider_unavailable"),
        (502, Outcome.RETRY, "provider_unavailable"),
        (503, Outcome.RETRY, "provider_unavailable"),
        (599, Outcome.RETRY, "provider_unavailable"),
    ],
)
def test_status_becomes_our_outcome(
    vendor: ProxyVendor, status: int, outcome: Outcome, reason: str
) -> None:
    vendor.server.orders.give("token-1", {"status": status})

    result = vendor.send(make_request())

    assert (result.status, result.outcome, result.reason) == (status, outcome, reason)


@pytest.mark.parametrize(
    "body",
    [
        "<html>\r\n<h1>502 Bad Gateway</h1></html>" + " x" * 500,
        "\x00\x07\ud7ff not text",
        "{broken",
        "",
    ],
    ids=["page", "control characters", "broken JSON", "nothing"],
)
def test_whatever_the_body_the_words_kept_are_one_line_of_text(
    vendor: ProxyVendor, body: str
) -> None:
    vendor.server.orders.give("token-1", {"status": 502, "body": body})

    result = vendor.send(make_request())

    assert result.outcome is Outcome.RETRY
    assert (
        result.detail
        == " ".join("".join(c if c.isprintable() else " " for c in body).split())[:300]
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("1000000000", 3600.0),
        ("9" * 5000, 3600.0),
        ("-5", 0.0),
        ("Tue, 24 Nov 2026 10:42:30 GMT", 30.0),
        ("Tue, 24 Nov 2026 10:42:30 -0000", 30.0),
        ("Tue, 24 Nov 2026 09:00:00 GMT", 0.0),
        ("Fri, 31 Dec 2100 23:59:59 GMT", 3600.0),
        ("abc", None),
        ("1.5e3", None),
        ("٧", None),
        ("Tue, 99 Nov 2026 10:42:30 GMT", None),
        ("Tue, 24 Nov 2026 10:42:99999999999 GMT", None),
        (f"Tue, 24 Nov 2026 10:42:30 +{'9' * 30}", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_clamped(
    value: str | None, seconds: float | None
) -> None:
    """D5."""
    assert parse_retry_after(value, NOW) == seconds


def test_retry_after_as_a_date_counts_from_the_answer(vendor: ProxyVendor) -> None:
    wanted = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    vendor.server.orders.give("token-1", {"status": 503, "headers": {"Retry-After": wanted}})

    result = vendor.send(make_request())

    assert result.retry_after is not None
    assert 90 < result.retry_after <= 100


def test_server_error_is_repeated_every_ten_seconds_four_attempts_in_all(
    vendor: ProxyVendor,
) -> None:
    """D1, instead of D5."""
    vendor.server.orders.give("token-1", {"status": 500, "times": 4})

    waits = []
    for attempt in (1, 2, 3, 4):
        result = vendor.send(make_request(attempt=attempt))
        waits.append(vendor.provider.retry.wait(result, attempt, Random(1)))

    assert waits == [10.0, 10.0, 10.0, None]
    assert [orjson.loads(body)["attempt"] for _, body in vendor.server.calls] == [1, 2, 3, 4]


def test_rate_limit_is_repeated_for_as_long_as_it_takes(vendor: ProxyVendor) -> None:
    """D5: exponential with full jitter, at most ten minutes."""
    vendor.server.orders.give("token-1", {"status": 429})
    result = vendor.send(make_request())
    retry, rng = vendor.provider.retry, Random(7)

    longest = {
        attempt: max(retry.wait(result, attempt, rng) or 0.0 for _ in range(300))
        for attempt in (1, 2, 5, 50)
    }

    limits = {1: 4, 2: 8, 5: 64, 50: 600}
    for attempt, limit in limits.items():
        assert 0.9 * limit < longest[attempt] <= limit


def test_server_that_is_not_there_was_not_reached(vendor: ProxyVendor) -> None:
    settings = replace(vendor.provider.settings, url="http://127.0.0.1:1/push")
    vendor.provider = ProxyProvider(settings)

    result = vendor.send(make_request())

    assert (result.outcome, result.reason, result.status) == (Outcome.RETRY, "not_reached", None)
    assert result.detail


def test_answer_lost_by_a_reset_is_unknown(vendor: ProxyVendor) -> None:
    vendor.server.orders.give("token-1", {"reset": True})

    result = vendor.send(make_request())

    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "answer_lost")


def test_private_address_is_called_only_on_the_operators_allowlist(vendor: ProxyVendor) -> None:
    """D1."""
    settings = replace(vendor.provider.settings, allowed_networks=("10.0.0.0/8",))
    vendor.provider = ProxyProvider(settings)

    result = vendor.send(make_request())

    assert (result.outcome, result.reason) == (Outcome.MISCONFIGURED, "address_refused")
    assert vendor.server.connected == 0


@pytest.mark.parametrize("is_known", [True, False])
def test_https_with_a_client_certificate_needs_a_certificate_that_we_trust(
    server: ProxyServer, tmp_path: Path, is_known: bool
) -> None:
    authority = make_certificate("Brand authority")
    ours = make_certificate("proactive", issuer=authority)
    theirs = make_certificate("proxy", issuer=authority, hosts=("127.0.0.1",))
    (tmp_path / "ca.pem").write_text(authority.cert_pem)
    context = server_context(theirs, tmp_path, client_authority=authority)
    secure = ProxyServer(server.log, tls=context)

    with run_in_thread(secure):
        vendor = ProxyVendor(
            secure,
            client_cert_pem=ours.cert_pem,
            client_key_pem=ours.key_pem,
            ca_file=str(tmp_path / "ca.pem") if is_known else "",
        )
        result = vendor.send(make_request())
        vendor.transport.close()

    expected = (
        (Outcome.ACCEPTED, "") if is_known else (Outcome.MISCONFIGURED, "certificate_refused")
    )
    assert (result.outcome, result.reason) == expected


def test_each_credential_has_connections_of_its_own(server: ProxyServer) -> None:
    credentials = [{}, {"username": "a", "password": "1"}, {"username": "a", "password": "2"}]

    keys = {
        ProxyVendor(server, **given).provider.start(make_request(), NOW).key
        for given in credentials
    }

    assert len(keys) == 3


def test_secrets_do_not_show_when_things_are_printed(vendor: ProxyVendor) -> None:
    settings = replace(
        vendor.provider.settings,
        username="u",
        password="hush-1",
        headers=(("Key", "hush-2"),),
        signing=(SigningSecret("whsec_hush"),),
    )
    provider = ProxyProvider(settings)
    request = make_request("hush-3", body="hush-4", title="hush-5")
    call = provider.start(request, NOW)
    answer = Answer(call.tag, Sent.ANSWERED, NOW, status=200, body=b"hush-6")

    printed = repr([provider, call, answer, provider.finish(request, answer)])

    assert "hush" not in printed
    assert b64encode(b"u:hush-1").decode() not in printed


GOOD = ProxySettings("https://push.larkfield.example/notify", "larkfield", "secret")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"url": "https://push.larkfield.example:8443/a?b=c"},
        {"username": "", "password": ""},
        {"headers": (("A" * 24, "v" * 300), ("B", "-"), ("C", "_$&@.#*"), ("D", "1"))},
        {"url": "http://10.1.2.3:9000/", **LOOPBACK, "allowed_networks": ("10.0.0.0/8",)},
    ],
)
def test_settings_within_the_contract_are_taken(changes: dict[str, Any]) -> None:
    replace(GOOD, **changes).validate()


OURS = make_certificate("proactive")
OTHERS = make_certificate("another")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("url", {"url": ""}),
        ("url", {"url": "http://push.larkfield.example/"}),
        ("url", {"url": "https://u:p@push.larkfield.example/"}),
        ("url", {"url": "https://push.larkfield.example:9000/"}),
        ("url", {"url": "https://10.1.2.3/"}),
        ("url", {"url": "https://[::ffff:169.254.169.254]/"}),
        ("username", {"username": "lark:field"}),
        ("username", {"username": "", "password": "x"}),
        ("username", {"username": "a\r\nb"}),
        ("password", {"password": "a\r\nb"}),
        ("headers", {"headers": tuple((name, "1") for name in "ABCDE")}),
        ("headers", {"headers": (("X-Key", "1"),)}),
        ("headers", {"headers": (("Key1", "1"),)}),
        ("headers", {"headers": (("A" * 25, "1"),)}),
        ("headers", {"headers": (("", "1"),)}),
        ("headers", {"headers": (("Key", ""),)}),
        ("headers", {"headers": (("Key", "v" * 301),)}),
        ("headers", {"headers": (("Key", "a b"),)}),
        ("headers", {"headers": (("Key", "a,b"),)}),
        ("headers", {"headers": (("Key", "a\n"),)}),
        ("headers", {"headers": (("Kéy", "1"),)}),
        ("headers", {"headers": (("Key", "1"), ("KEY", "2"))}),
        ("headers", {"headers": (("Host", "inside"),)}),
        ("headers", {"headers": (("Authorization", "x"),)}),
        ("client_cert_pem", {"client_key_pem": OURS.key_pem}),
        ("client_cert_pem", {"client_cert_pem": "junk", "client_key_pem": OURS.key_pem}),
        ("client_key_pem", {"client_cert_pem": OURS.cert_pem}),
        ("client_key_pem", {"client_cert_pem": OURS.cert_pem, "client_key_pem": OTHERS.key_pem}),
        ("allowed_networks", {"allowed_networks": ("10.0.0.1/8",)}),
    ],
)
def test_setting_outside_the_contract_is_named(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(SettingInvalid) as caught:
        replace(GOOD, **changes).validate()

    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")
