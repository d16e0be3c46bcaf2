"""The stub is what other tests trust, so it is tested on what it refuses, and as a process."""

import base64
import json
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest

from common.transport import Answer, Call, Transport
from push.providers.apns import ApnsProvider
from push.providers.apns_settings import read_apns_settings
from push.providers.base import DeviceTarget, PushResult
from push.providers.site import Site
from tests.providers.apns_keys import KeyRing, make_credential
from tests.providers.apns_server import Apns
from tests.providers.apns_vendor import BUNDLE_ID
from tests.providers.certificates import make_certificate
from tests.providers.contract import NOW, make_request
from tests.providers.processes import running
from tests.providers.vendor_server import Asked

CREDENTIAL = make_credential(topic=BUNDLE_ID)
PROVIDER = ApnsProvider(read_apns_settings(CREDENTIAL, Site()))
SECONDS = int(NOW.timestamp())


@pytest.fixture
def apns() -> Apns:
    made = Apns("production", KeyRing(now=lambda: NOW.timestamp()))
    made.add(CREDENTIAL)
    return made


def ask(body: bytes | None = None, connection: int = 1, **changes: str | None) -> Asked:
    """A push that is taken, but for the changes; what is None is left out."""
    call = PROVIDER.start(make_request(target=DeviceTarget("ios", "0a")), NOW)
    assert isinstance(call, Call)
    headers = dict(call.headers) | {":method": "POST", ":path": "/3/device/0a"}
    given = {name.replace("_", "-"): value for name, value in changes.items()}
    kept = {name: value for name, value in (headers | given).items() if value is not None}
    return Asked(kept, call.body if body is None else body, connection)


def bearer(
    iat: int = SECONDS - 60, iss: str = "DEF123GHIJ", kid: str = "ABC123DEFG", **of: Any
) -> str:
    key = of.get("key", CREDENTIAL["private_key"])
    claims = {"iss": iss, "iat": iat}
    return f"bearer {jwt.encode(claims, key, of.get('alg', 'ES256'), headers={'kid': kid})}"


def said(apns: Apns, asked: Asked) -> tuple[int, str]:
    reply = apns.read(asked).reply
    return reply.status, json.loads(reply.body or b"{}").get("reason", "")


def test_push_that_keeps_the_rules_is_taken_and_its_id_echoed(apns: Apns) -> None:
    reading = apns.read(ask())

    assert (reading.reply.status, reading.reply.body) == (200, b"")
    assert reading.reply.headers == {"apns-id": "0193a1b2-c3d4-7e8f-9a0b-1c2d3e4f5061"}
    assert reading.noted["collapse_id"] == make_request().message_id


NONE = base64.urlsafe_b64encode(b'{"alg":"none","kid":"ABC123DEFG"}').decode().rstrip("=")
REFUSED = [
    ({":method": "GET"}, 405, "MethodNotAllowed"),
    ({":path": "/3/devices/0a"}, 404, "BadPath"),
    ({":path": "/3/device/0a/b"}, 404, "BadPath"),
    ({":path": "/3/device/"}, 400, "MissingDeviceToken"),
    ({":path": "/3/device/0ag"}, 400, "BadDeviceToken"),
    ({":path": "/3/device/5a"}, 400, "BadDeviceToken"),
    ({"authorization": None}, 403, "MissingProviderToken"),
    ({"authorization": "Basic abc"}, 403, "MissingProviderToken"),
    ({"authorization": "bearer abc"}, 403, "InvalidProviderToken"),
    ({"authorization": f"bearer {NONE}.e30."}, 403, "InvalidProviderToken"),
    ({"authorization": bearer(key="x" * 32, alg="HS256")}, 403, "InvalidProviderToken"),
    ({"authorization": bearer(kid="ABC123DEF0")}, 403, "InvalidProviderToken"),
    ({"authorization": bearer(iss="DEF123GHI0")}, 403, "InvalidProviderToken"),
    ({"authorization": bearer(key=make_credential()["private_key"])}, 403, "InvalidProviderToken"),
    ({"authorization": bearer(iat=SECONDS + 1)}, 403, "InvalidProviderToken"),
    ({"authorization": bearer(iat=SECONDS - 3601)}, 403, "ExpiredProviderToken"),
    ({"apns_topic": None}, 400, "MissingTopic"),
    ({"apns_topic": "com.larkfield.other"}, 400, "TopicDisallowed"),
    ({"apns_push_type": None}, 400, "InvalidPushType"),
    ({"apns_push_type": "loud"}, 400, "InvalidPushType"),
    ({"apns_priority": "11"}, 400, "BadPriority"),
    ({"apns_expiration": "-1"}, 400, "BadExpirationDate"),
    ({"apns_expiration": "2026-11-24"}, 400, "BadExpirationDate"),
    ({"apns_collapse_id": "é" * 33}, 400, "BadCollapseId"),
    ({"apns_id": "0193A1B2-C3D4-7E8F-9A0B-1C2D3E4F5061"}, 400, "BadMessageId"),
    ({"apns_id": "0193a1b2c3d47e8f9a0b1c2d3e4f5061"}, 400, "BadMessageId"),
]


@pytest.mark.parametrize(("changes", "status", "reason"), REFUSED)
def test_push_that_breaks_a_rule_is_refused_in_apples_words(
    apns: Apns, changes: dict[str, str | None], status: int, reason: str
) -> None:
    assert said(apns, ask(**changes)) == (status, reason)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "PayloadEmpty"),
        (b"{}", 400, "PayloadEmpty"),
        (b'{"aps":{}}', 400, "PayloadEmpty"),
        (b"aps", 400, "PayloadEmpty"),
        (b'{"aps":{"badge":1},"x":"' + b"x" * 4070 + b'"}', 200, ""),
        (b'{"aps":{"badge":1},"x":"' + b"x" * 4071 + b'"}', 413, "PayloadTooLarge"),
    ],
)
def test_payload_has_an_alert_and_at_most_4096_bytes(
    apns: Apns, body: bytes, status: int, reason: str
) -> None:
    assert said(apns, ask(body)) == (status, reason)


def test_connection_carries_one_team_and_one_key(apns: Apns) -> None:
    other_key = make_credential(key_id="ABC123DEF2", topic=BUNDLE_ID)
    other_team = make_credential("XYZ123GHIJ", "XYZ123DEFG", BUNDLE_ID)
    apns.add(other_key)
    apns.add(other_team)
    second = bearer(kid="ABC123DEF2", key=other_key["private_key"])
    third = bearer(iss="XYZ123GHIJ", kid="XYZ123DEFG", key=other_team["private_key"])

    first = said(apns, ask())
    same = [said(apns, ask(authorization=jwt)) for jwt in (second, third)]
    others = [
        said(apns, ask(connection=n, authorization=jwt)) for n, jwt in ((2, second), (3, third))
    ]

    assert first == (200, "")
    assert same == [(403, "UnrelatedKeyIdInToken"), (403, "InvalidProviderToken")]
    assert others == [(200, ""), (200, "")]


def test_token_may_change_after_20_minutes_or_when_it_was_called_expired(apns: Apns) -> None:
    first, second, third = (bearer(SECONDS - age) for age in (60, 50, 40))
    said(apns, ask(authorization=first))

    too_soon = said(apns, ask(authorization=second))
    apns.keys.expired.add(first.removeprefix("bearer "))
    for_expired = said(apns, ask(authorization=second))
    apns.keys.now = lambda: SECONDS + 20 * 60
    later = said(apns, ask(authorization=third))

    assert too_soon == (429, "TooManyProviderTokenUpdates")
    assert for_expired == later == (200, "")


def test_dead_token_is_gone_since_its_time_and_of_another_app_not_for_the_topic(
    apns: Apns,
) -> None:
    apns.gone["0a"], apns.apps["0b"] = 1454948015990, "com.larkfield.other"

    gone = json.loads(apns.read(ask()).reply.body)
    other = said(apns, ask(**{":path": "/3/device/0b"}))

    assert gone == {"reason": "Unregistered", "timestamp": 1454948015990}
    assert other == (400, "DeviceTokenNotForTopic")


def running_stub(folder: Path, environment: str) -> AbstractContextManager[str]:
    names = {"log": f"{environment}.jsonl", "cert": "cert.pem", "key": "key.pem"}
    names |= {"credential": "credential.json", "behaviour": "orders.json"}
    files = [option for name, file in names.items() for option in (f"--{name}", folder / file)]
    return running("apns_server", *files, "--environment", environment)


def push(provider: ApnsProvider, *tokens: str) -> list[PushResult]:
    transport = Transport()
    calls = (provider.start(make_request(token), datetime.now(UTC)) for token in tokens)
    results = [a.tag.finish(a) for a in transport.perform(calls) if isinstance(a, Answer)]
    transport.close()
    return results


def test_process_makes_a_credential_and_serves_its_environment(tmp_path: Path) -> None:
    certificate = make_certificate("APNs", hosts=("127.0.0.1",))
    (tmp_path / "cert.pem").write_text(certificate.cert_pem)
    (tmp_path / "key.pem").write_text(certificate.key_pem)
    (tmp_path / "orders.json").write_text(json.dumps({"0b": [{"status": 503}]}))

    with running_stub(tmp_path, "sandbox") as url:
        credential = json.loads((tmp_path / "credential.json").read_text())
        site = Site(ca_file=str(tmp_path / "cert.pem"), apns_sandbox_url=url)
        settings = read_apns_settings(credential | {"environment": "sandbox"}, site)
        results = push(ApnsProvider(settings, site), "5a", "0a", "0b")

    log = [json.loads(line) for line in (tmp_path / "sandbox.jsonl").read_text().splitlines()]
    assert sorted((r.status, r.reason) for r in results) == [
        (200, ""),
        (400, "other_environment"),
        (503, "provider_unavailable"),
    ]
    assert {(entry["token"], entry["status"]) for entry in log} == {
        ("5a", 200),
        ("0a", 400),
        ("0b", 503),
    }
    [taken] = [entry for entry in log if entry["status"] == 200]
    assert replace(make_request(), message_id=taken["collapse_id"]) == make_request()
