"""The stub is what other tests trust, so it is tested on what it refuses, and as a process."""

import json
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import orjson
import pytest

from common.transport import Answer, Call, Timeouts, Tls, Transport, fetch
from push.providers.base import DeviceTarget, PushResult
from push.providers.site import Site
from push.providers.vapid import VapidSigner, new_private_key, read_private_key
from push.providers.webpush import WebPushProvider
from push.providers.webpush_settings import WebPushSettings
from tests.providers.browsers import Subscription
from tests.providers.certificates import make_certificate
from tests.providers.contract import NOW, make_request
from tests.providers.processes import running
from tests.providers.vendor_server import Asked
from tests.providers.webpush_server import PushService

ORIGIN = "https://push.example.com"
CONTACT = "mailto:push@larkfield.example"
KEY = new_private_key()
SIGNER = VapidSigner(KEY, CONTACT)


@pytest.fixture
def service() -> PushService:
    return PushService(origin=lambda: ORIGIN, now=lambda: NOW)


@pytest.fixture
def subscription(service: PushService) -> Subscription:
    return service.subscribe(SIGNER.public_key, "browser-1")


def ask(**changes: str | None) -> Asked:
    """A push that is taken, but for the changes; what is None is left out."""
    provider = WebPushProvider(WebPushSettings(KEY, CONTACT), Site(web_push_hosts=("*.com",)))
    target = DeviceTarget("web", f"{ORIGIN}/push/browser-1", SIGNER.public_key, "A" * 22)
    call = provider.start(make_request(target=target), NOW)
    assert isinstance(call, Call)
    headers = {name.lower(): value for name, value in call.headers}
    headers |= {":method": "POST", ":path": "/push/browser-1"}
    given = {name.replace("_", "-"): value for name, value in changes.items()}
    kept = {name: value for name, value in (headers | given).items() if value is not None}
    return Asked(kept, call.body)


def vapid(key: str = KEY, **claims: Any) -> str:
    """An authorization with these claims instead of the right ones."""
    right = {"aud": ORIGIN, "exp": int(NOW.timestamp()) + 3600, "sub": CONTACT}
    token = jwt.encode(right | claims, read_private_key(key), algorithm="ES256")
    return f"vapid t={token}, k={SIGNER.public_key}"


def test_push_that_keeps_the_rules_is_taken(
    service: PushService, subscription: Subscription
) -> None:
    reply = service.read(ask(authorization=vapid())).reply

    assert reply.status == 201
    assert reply.headers["location"].startswith(f"{ORIGIN}/message/")


REFUSED = [
    ({"authorization": None}, 401),
    ({"authorization": "Bearer abc"}, 403),
    ({"authorization": vapid(key=new_private_key())}, 403),
    ({"authorization": vapid().replace(SIGNER.public_key, "B" + "A" * 86)}, 403),
    ({"authorization": vapid(aud="https://push.example.org")}, 403),
    ({"authorization": vapid(exp=int(NOW.timestamp()) - 1)}, 403),
    ({"authorization": vapid(exp=int(NOW.timestamp()) + 86_401)}, 403),
    ({"authorization": vapid(sub="nobody")}, 403),
    ({"ttl": None}, 400),
    ({"ttl": "soon"}, 400),
    ({"ttl": "2419201"}, 400),
    ({"content_encoding": "aesgcm"}, 400),
    ({"content_encoding": None}, 400),
    ({"urgency": "highest"}, 400),
    ({"topic": "t" * 33}, 400),
    ({"topic": "a topic"}, 400),
]


@pytest.mark.parametrize(("changes", "status"), REFUSED)
def test_push_that_breaks_a_rule_is_refused(
    service: PushService, subscription: Subscription, changes: dict[str, str | None], status: int
) -> None:
    assert service.read(ask(**changes)).reply.status == status


@pytest.mark.parametrize(("size", "status"), [(4096, 201), (4097, 413)])
def test_body_may_have_4096_bytes(
    service: PushService, subscription: Subscription, size: int, status: int
) -> None:
    asked = replace(ask(), body=b"x" * size)

    assert service.read(asked).reply.status == status


def test_what_the_browser_cannot_decrypt_is_taken_and_dropped(
    service: PushService, subscription: Subscription
) -> None:
    """A service cannot tell."""
    asked = ask()  # for other keys than this browser's

    reading = service.read(asked)
    service.pass_on(asked, reading)

    assert (reading.reply.status, reading.noted) == (201, {"plaintext": None})
    assert subscription.received == []


def test_subscription_that_ended_is_gone_and_one_that_never_was_is_not_found(
    service: PushService, subscription: Subscription
) -> None:
    service.read(ask(**{":method": "DELETE"}))

    assert service.read(ask()).reply.status == 410
    assert service.read(ask(**{":path": "/push/browser-2"})).reply.status == 404


def running_stub(folder: Path) -> AbstractContextManager[str]:
    authority = make_certificate("Test authority")
    certificate = make_certificate("push service", issuer=authority, hosts=("127.0.0.1",))
    (folder / "ca.pem").write_text(authority.cert_pem)
    (folder / "cert.pem").write_text(certificate.cert_pem)
    (folder / "key.pem").write_text(certificate.key_pem)
    files = {"log": "calls.jsonl", "behaviour": "orders.json", "cert": "cert.pem", "key": "key.pem"}
    options = [option for name, file in files.items() for option in (f"--{name}", folder / file)]
    return running("webpush_server", *options)


def call(folder: Path, method: str, url: str, body: bytes = b"") -> Answer[str]:
    tls = Tls(str(folder / "ca.pem"))
    return fetch(Call("", "", method, url, body=body, tls=tls, timeouts=Timeouts(5.0, 10.0)))


def push(folder: Path, target: DeviceTarget) -> PushResult:
    site = Site(str(folder / "ca.pem"), ("127.0.0.0/8",), web_push_hosts=("127.0.0.1",))
    provider = WebPushProvider(WebPushSettings(KEY, CONTACT), site)
    transport = Transport()
    calls = [provider.start(make_request(target=target), datetime.now(UTC))]
    [answer] = transport.perform(calls, tick=60)
    transport.close()
    assert isinstance(answer, Answer)
    return answer.tag.finish(answer)


def test_process_mints_subscriptions_and_logs_what_their_browsers_read(tmp_path: Path) -> None:
    with running_stub(tmp_path) as url:
        wanted = orjson.dumps({"applicationServerKey": SIGNER.public_key})
        given = orjson.loads(call(tmp_path, "POST", f"{url}/subscribe", wanted).body)
        target = DeviceTarget("web", given["endpoint"], **given["keys"])
        name = given["endpoint"].rpartition("/")[2]
        (tmp_path / "orders.json").write_text(json.dumps({name: [{"status": 503}]}))
        results = [push(tmp_path, target), push(tmp_path, target)]
        ended = call(tmp_path, "DELETE", given["endpoint"])
        results.append(push(tmp_path, target))

    log = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    assert [result.status for result in results] == [503, 201, 410]
    assert ended.status == 204
    assert [(entry["token"], entry["status"]) for entry in log] == [
        (name, 503),
        (name, 201),
        (name, 410),
    ]
    assert json.loads(log[1]["plaintext"])["message"] == make_request().body
    assert log[1]["message"] == make_request().message_id


def test_message_of_a_browser_that_is_away_is_dropped_without_a_time_to_live(
    service: PushService, subscription: Subscription
) -> None:
    subscription.is_online = False
    subscription.take("topic", 0, "now or never")
    subscription.take("topic", 60, "first")
    subscription.take("topic", 60, "second")

    subscription.come_online()

    assert subscription.received == ["second"]


def test_subscriptions_outlive_the_process_but_for_those_that_ended(
    service: PushService, tmp_path: Path
) -> None:
    service.keep_in(tmp_path / "browsers.jsonl")
    kept, ended = (service.subscribe(SIGNER.public_key, name) for name in ("kept", "ended"))
    service.read(Asked({":method": "DELETE", ":path": f"/push/{ended.token}"}, b""))

    later = PushService(origin=lambda: ORIGIN)
    later.keep_in(tmp_path / "browsers.jsonl")

    assert list(later.subscriptions) == ["kept"]
    found = later.subscriptions["kept"]
    assert (found.p256dh, found.auth, found.server_key) == (
        *(kept.p256dh, kept.auth),
        SIGNER.public_key,
    )
