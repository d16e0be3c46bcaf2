from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest

from common.transport import Answer, Sent
from push.providers import lab
from push.providers.base import DeviceTarget, Outcome, PushRequest, PushResult
from push.providers.lab import MAGIC, LabProvider, LabSettings, find_magic, is_shown
from tests.providers.contract import NOW, PLATFORMS, ProviderContract, Seen, Vendor, make_request

TOKENS = {
    "fine": "phone-1",
    "gone": "lab:gone",
    "busy": "lab:busy",
    "down": "lab:down",
    "too-big": "lab:too-big",
    "lost": "lab:timeout",
    "slow": "lab:slow",
}


class LabVendor(Vendor):
    busy_seconds = 4.0

    def __init__(self) -> None:
        self.delivered: list[tuple[PushRequest, bytes, PushResult]] = []
        self.down = {"lab:down"}
        settings = LabSettings(lambda *push: self.delivered.append(push), self.down.__contains__)
        self.provider = LabProvider(settings)

    def token_for(self, trouble: str) -> str:
        return TOKENS[trouble]

    def seen(self) -> list[Seen]:
        return [
            Seen(request.message_id, self.text_of(body, request.target.platform))
            for request, body, result in self.delivered
            if result.is_started
        ]

    def text_of(self, payload: bytes, platform: str) -> str:
        body = orjson.loads(payload)
        if platform == "ios":
            return str(body["aps"]["alert"]["body"])
        return str(keys_of(body, platform)["message"])

    def ask(self, token: str, attempt: int = 1, **changes: object) -> PushResult:
        request = make_request(token, attempt=attempt, **changes)
        call = self.provider.start(request, NOW)
        milliseconds = int(call.seconds * 1000)
        ended_at = NOW + timedelta(milliseconds=milliseconds)
        answer = Answer(call.tag, Sent.ANSWERED, ended_at, elapsed_ms=milliseconds)
        return self.provider.finish(request, answer)


def keys_of(body: dict[str, Any], platform: str) -> dict[str, Any]:
    """The SDK's keys: on Android and Huawei they are JSON within JSON."""
    if platform == "web":
        return body
    data = body["message"]["data"]
    keys: dict[str, Any] = orjson.loads(data if platform == "huawei" else data["payload"])
    return keys


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[LabVendor]:
    monkeypatch.setitem(lab.SECONDS, "lab:timeout", 0.2)
    monkeypatch.setitem(lab.SECONDS, "lab:slow", 0.1)
    return LabVendor()


class TestLab(ProviderContract):
    pass


def test_lab_holds_back_its_answer_as_long_as_it_says() -> None:
    provider = LabVendor().provider

    seconds = {
        token: provider.start(make_request(token), NOW).seconds for token in ["phone-1", *MAGIC]
    }

    assert {token: s for token, s in seconds.items() if s} == {"lab:timeout": 10.0, "lab:slow": 2.0}
    assert provider.start(make_request("lab:timeout", attempt=2), NOW).seconds == 0.0


def test_lab_is_told_of_each_push_with_its_bytes_and_result(vendor: LabVendor) -> None:
    results = [vendor.ask(token) for token in ["phone-1", *MAGIC]]

    requests = [make_request(token) for token in ["phone-1", *MAGIC]]
    assert [push[0] for push in vendor.delivered] == requests
    assert [push[1] for push in vendor.delivered] == [
        vendor.provider.payload(request, NOW) for request in requests
    ]
    assert [push[2] for push in vendor.delivered] == results


def test_consumer_id_is_magic_whatever_the_token(vendor: LabVendor) -> None:
    data = {"externalConsumerId": "lab:gone-7", "expirationEpochTime": "1798104664"}

    result = vendor.ask("phone-1", data=data)

    assert (result.status, result.detail) == (410, "Unregistered")
    assert find_magic(make_request("laboratory:gone")) == ""


def test_busy_lab_asks_for_four_seconds_once(vendor: LabVendor) -> None:
    results = [vendor.ask("lab:busy", attempt) for attempt in (1, 2)]

    assert [(r.status, r.retry_after) for r in results] == [(429, 4.0), (200, None)]


def test_lab_is_down_until_somebody_says_stop(vendor: LabVendor) -> None:
    before = [vendor.ask("lab:down", attempt).outcome for attempt in (1, 2, 9)]
    vendor.down.clear()

    assert before == [Outcome.RETRY] * 3
    assert vendor.ask("lab:down", 10).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        ("phone-1", True),
        ("lab:silent", False),
        ("lab:timeout", True),
        ("lab:gone", False),
        ("lab:busy", False),
        ("lab:slow", True),
    ],
)
def test_phone_shows_what_the_lab_took_even_if_its_answer_was_lost(
    vendor: LabVendor, token: str, shown: bool
) -> None:
    result = vendor.ask(token)

    assert is_shown(make_request(token), result) is shown


def test_silent_lab_answers_like_any_other(vendor: LabVendor) -> None:
    silent, ordinary = vendor.ask("lab:silent"), vendor.ask("phone-1")

    assert (silent.outcome, silent.status) == (ordinary.outcome, ordinary.status)


def test_iphone_is_asked_as_apple_would_be(vendor: LabVendor) -> None:
    target = DeviceTarget("ios", "80c1f4e94a", bundle_id="com.larkfield.app")
    request = make_request(target=target)

    wire = vendor.provider.wire(request, NOW)

    body = orjson.loads(wire.body)
    assert wire.line == "POST /3/device/80c1f4e94a"
    assert dict(wire.headers) == {
        "content-type": "application/json",
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-topic": "com.larkfield.app",
        "apns-id": "0193a1b2-c3d4-7e8f-9a0b-1c2d3e4f5061",
        "apns-collapse-id": "0193a1b2c3d47e8f9a0b1c2d3e4f5061",
        "apns-expiration": str(int(request.expires_at.timestamp())),
    }
    assert body["aps"] == {
        "alert": {"title": "Your new card", "body": request.body},
        "sound": "default",
        "badge": 1,
        "mutable-content": 1,
    }


def test_android_is_asked_as_google_would_be_with_data_only(vendor: LabVendor) -> None:
    """D6: data only and high priority; the time to live is what is left of the lookback."""
    request = make_request("dMz4kQ:APA91b", "android", expires_at=NOW + timedelta(seconds=1207))

    wire = vendor.provider.wire(request, NOW)

    message = orjson.loads(wire.body)["message"]
    assert wire.line == "POST /v1/projects/lab/messages:send"
    assert sorted(message) == ["android", "data", "token"]
    assert message["android"] == {"priority": "HIGH", "ttl": "1207s"}
    assert {type(value) for value in message["data"].values()} == {str}
    assert orjson.loads(message["data"]["payload"])["title"] == "Your new card"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_time_to_live_never_goes_below_zero(vendor: LabVendor, platform: str) -> None:
    request = make_request("phone-1", platform, expires_at=NOW - timedelta(seconds=5))

    wire = vendor.provider.wire(request, NOW)

    assert b"-5" not in wire.body
    assert "-5" not in dict(wire.headers).values()
