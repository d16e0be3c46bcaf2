"""What every push provider has to do, whatever its vendor: each one's tests inherit these."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import ClassVar

import pytest
import regex

from common.transport import Answer, Call, Sent, Transport
from push.providers.base import DeviceTarget, Outcome, Provider, PushRequest, PushResult
from push.providers.content import PAYLOAD_LIMIT

NOW = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)
FAMILY = "👨‍👩‍👧‍👦"
SDK_KEYS = {
    "brandId": "48213907",
    "transactionId": "252d195b-1a4f-8807-aa45",
    "lookBackPeriod": "2592000000",
    "leCampaignId": "3171",
    "leEngagementId": "3172",
    "externalConsumerId": "ingrid-4711",
    "agentPid": "a-9",
    "campaignInfo": '{"campaign":"New card"}',
}
REPLY_KEYS = {
    "backendService": "ams",
    "conversationId": "13a1ca79-22eb-4a60-8cad-cd7f9dbdb9f3",
    "dialogId": "13a1ca79-22eb-4a60-8cad-cd7f9dbdb9f3",
    "originatorId": "48213907.2333061110",
    "brandId": "48213907",
    "sequence": "8",
}
PLATFORMS = ("ios", "android", "huawei", "web")
LONG_TEXTS = {
    "families": FAMILY * 140,
    "families up to 1,550 characters": (FAMILY * 222)[:1550],
    "arabic": "مرحبًا ليلى، بطاقتك الجديدة في الطريق " * 40,
    "flags": "🇸🇪" * 775,
    "skin tones": "🙏🏾" * 775,
    "stacked marks": ("e" + "\u0301" * 4) * 310,
    "quotes and line ends": '"\\\n' * 516,
    "control characters": "\x01" * 1550,
}


def make_request(token: str = "token-1", platform: str = "ios", **changes: object) -> PushRequest:
    request = PushRequest(
        message_id="0193a1b2c3d47e8f9a0b1c2d3e4f5061",
        device_id=17,
        target=DeviceTarget(platform, token),
        badge=1,
        title="Your new card",
        body="Hi Ingrid, your new card is on its way 💳",
        expires_at=NOW + timedelta(days=30),
        data=SDK_KEYS,
    )
    return replace(request, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Seen:
    """A push as the vendor saw it: its identity, and the text that a phone would show."""

    identity: str
    text: str


class Vendor(ABC):
    """A provider with the outside world behind it, which can be told to misbehave. `platform` is
    the one that it is asked for where that does not matter."""

    provider: Provider
    busy_seconds: float
    platform: str = "ios"
    accepted_status: int = 200
    payload_limit: int = PAYLOAD_LIMIT

    @abstractmethod
    def token_for(self, trouble: str) -> str:
        """A device's token, with which the vendor does what the word says: fine, gone, busy, down,
        too-big, lost or slow."""

    def request(self, trouble: str, platform: str = "", **changes: object) -> PushRequest:
        return make_request(self.token_for(trouble), platform or self.platform, **changes)

    @abstractmethod
    def seen(self) -> list[Seen]: ...

    @abstractmethod
    def text_of(self, payload: bytes, platform: str) -> str: ...


class ProviderContract:
    """`platforms` are those that the vendor reaches."""

    platforms: ClassVar[tuple[str, ...]] = PLATFORMS

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "platform" in metafunc.fixturenames:
            metafunc.parametrize("platform", metafunc.cls.platforms)

    @pytest.fixture
    def transport(self) -> Iterator[Transport]:
        made = Transport()
        yield made
        made.close()

    def send(
        self, vendor: Vendor, transport: Transport, *requests: PushRequest
    ) -> list[PushResult]:
        calls = (vendor.provider.start(request, NOW) for request in requests)
        answers = transport.perform(calls)
        return [a.tag.finish(a) for a in answers if isinstance(a, Answer)]

    def test_push_is_accepted_and_reaches_the_vendor(
        self, vendor: Vendor, transport: Transport, platform: str
    ) -> None:
        request = vendor.request("fine", platform)

        [result] = self.send(vendor, transport, request)

        assert (result.outcome, result.reason, result.status) == (
            Outcome.ACCEPTED,
            "",
            vendor.accepted_status,
        )
        assert (result.is_started, result.retry_after) == (True, None)
        assert [push.text for push in vendor.seen()] == [request.body]

    def test_origin_is_where_its_calls_go(self, vendor: Vendor) -> None:
        """D8: breakers and connections are by host."""
        request = vendor.request("fine")

        call, origin = vendor.provider.start(request, NOW), vendor.provider.origin(request.target)

        if isinstance(call, Call):
            assert call.url.startswith(f"{origin}/")
            assert call.key.startswith(f"{origin} ")
        else:
            assert origin == ""

    def test_results_name_their_message_and_device(
        self, vendor: Vendor, transport: Transport
    ) -> None:
        requests = [vendor.request("fine", message_id=f"{n:032x}", device_id=n) for n in range(20)]

        results = self.send(vendor, transport, *requests)

        assert sorted((r.message_id, r.device_id) for r in results) == [
            (f"{n:032x}", n) for n in range(20)
        ]

    @pytest.mark.parametrize(
        ("trouble", "outcome", "reason"),
        [
            ("gone", Outcome.UNREGISTERED, "token_gone"),
            ("busy", Outcome.RETRY, "rate_limited"),
            ("down", Outcome.RETRY, "provider_unavailable"),
            ("too-big", Outcome.REJECTED, "payload_too_big"),
            ("lost", Outcome.UNKNOWN, "answer_lost"),
            ("slow", Outcome.ACCEPTED, ""),
        ],
    )
    def test_vendors_answer_becomes_our_outcome(
        self, vendor: Vendor, transport: Transport, trouble: str, outcome: Outcome, reason: str
    ) -> None:
        [result] = self.send(vendor, transport, vendor.request(trouble))

        assert (result.outcome, result.reason) == (outcome, reason)
        assert (result.status is None) is (trouble == "lost")
        assert len(result.detail) <= 300
        assert result.is_started

    def test_retry_waits_as_long_as_the_vendor_asks(
        self, vendor: Vendor, transport: Transport
    ) -> None:
        """D5: Retry-After is obeyed."""
        [result] = self.send(vendor, transport, vendor.request("busy"))

        waits = [vendor.provider.retry.wait(result, 1, Random(seed)) for seed in range(50)]

        assert result.retry_after == vendor.busy_seconds
        assert min(wait for wait in waits if wait is not None) >= vendor.busy_seconds

    @pytest.mark.parametrize("trouble", ["busy", "lost"])
    def test_second_try_carries_the_same_identity_and_is_accepted(
        self, vendor: Vendor, transport: Transport, trouble: str
    ) -> None:
        first = vendor.request(trouble)
        second = replace(first, attempt=2)

        self.send(vendor, transport, first)
        [result] = self.send(vendor, transport, second)

        assert result.outcome is Outcome.ACCEPTED
        assert [push.identity for push in vendor.seen()] == [first.message_id] * 2

    def test_result_of_a_call_that_was_never_started_is_not_counted(self, vendor: Vendor) -> None:
        request = vendor.request("fine")
        call = vendor.provider.start(request, NOW)

        answer = Answer(call.tag, Sent.NOT_STARTED, NOW, error="The key's queue is full.")
        result = vendor.provider.finish(request, answer)

        assert (result.outcome, result.is_started) == (Outcome.RETRY, False)
        assert vendor.seen() == []

    def test_payload_carries_the_keys_that_the_sdk_reads(
        self, vendor: Vendor, platform: str
    ) -> None:
        """D6."""
        request = vendor.request("fine", platform)

        text = vendor.provider.payload(request, NOW).decode().replace("\\", "")

        expected = SDK_KEYS | {"backendService": "prmsg", "id": request.message_id}
        for key, value in expected.items():
            assert f'"{key}":"{value}"' in text
        assert f'"expirationEpochTime":{int(request.expires_at.timestamp())}' in text

    def test_payload_of_an_agents_message_carries_the_keys_of_its_conversation(
        self, vendor: Vendor, platform: str
    ) -> None:
        """E6: `sequence` is a number; nothing is said of a lookback, which it does not have."""
        request = vendor.request("fine", platform, data=REPLY_KEYS, badge=4)

        text = vendor.provider.payload(request, NOW).decode().replace("\\", "")

        expected = REPLY_KEYS | {"id": request.message_id}
        for key in expected.keys() - {"sequence"}:
            assert f'"{key}":"{expected[key]}"' in text
        assert '"sequence":8' in text
        assert '"badge":4' in text
        assert "expirationEpochTime" not in text

    @pytest.mark.parametrize("text", LONG_TEXTS.values(), ids=LONG_TEXTS.keys())
    def test_long_text_is_cut_between_graphemes_to_what_fits(
        self, vendor: Vendor, platform: str, text: str
    ) -> None:
        request = vendor.request("fine", platform, body=text)

        payload = vendor.provider.payload(request, NOW)

        shown = vendor.text_of(payload, platform)
        graphemes = regex.findall(r"\X", text)
        if shown != text:
            kept = regex.findall(r"\X", shown.removesuffix("…"))
            assert shown.endswith("…")
            assert kept == graphemes[: len(kept)]
            assert len(kept) > 100
            longest = len(graphemes[len(kept)].encode()) * 7
            assert len(payload) > vendor.payload_limit - longest
        assert len(payload) <= vendor.payload_limit

    @pytest.mark.parametrize(
        "text",
        [
            "مرحبًا ليلى، بطاقتك الجديدة في الطريق 💳",
            f"\u2067שלום\u2069 {FAMILY} 🏴󠁧󠁢󠁷󠁬󠁳󠁿 🙏🏾 e\u0301",
            'line one\nline two\t"quoted" \\ </script> \u2028',
            "",
        ],
        ids=["right to left", "joined", "marks", "empty"],
    )
    def test_text_is_carried_whole_and_as_utf8(
        self, vendor: Vendor, transport: Transport, platform: str, text: str
    ) -> None:
        request = vendor.request("fine", platform, body=text)

        self.send(vendor, transport, request)

        assert [push.text for push in vendor.seen()] == [text]
        assert b"\\u0" not in vendor.provider.payload(request, NOW)

    def test_closing_early_ends_at_once(self, vendor: Vendor, transport: Transport) -> None:
        requests = [vendor.request("lost"), vendor.request("fine")]
        run = transport.perform(vendor.provider.start(request, NOW) for request in requests)

        first = next(answer for answer in run if isinstance(answer, Answer))
        run.close()
        [again] = self.send(vendor, transport, requests[1])

        assert isinstance(first, Answer)
        assert first.tag.request == requests[1]
        assert again.outcome is Outcome.ACCEPTED
