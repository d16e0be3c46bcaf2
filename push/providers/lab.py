"""The push lab: phones in the browser instead of a vendor, and failures to order.

It shapes each push as APNs, FCM, HMS or a web push service would be asked, and answers in their
words, without a network. A consumer id or token that begins with one of MAGIC misbehaves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from common.calls import Answer, Pause, Sent
from push.providers.apns_message import encode_alert, message_headers
from push.providers.base import (
    Address,
    Outcome,
    PushRequest,
    PushResult,
    RetryPolicy,
    Sending,
)
from push.providers.content import encode_sdk_keys, fit_body, seconds_left
from push.providers.fcm_message import encode_message
from push.providers.reading import make_unanswered_result

MAGIC = {
    "lab:gone": "the app was removed",
    "lab:busy": "429, wait 4 s, then fine",
    "lab:timeout": "no answer for 10 s, though the push was shown",
    "lab:too-big": "refused, message too big",
    "lab:down": "503 until you say stop",
    "lab:silent": "accepted, never delivered",
    "lab:slow": "accepted after 2 s",
}
SECONDS = {"lab:timeout": 10.0, "lab:slow": 2.0}
BUSY_SECONDS = 4.0

# The lab's word: its status, our outcome, our reason.
WORDS = {
    "": (200, Outcome.ACCEPTED, ""),
    "Unregistered": (410, Outcome.UNREGISTERED, "token_gone"),
    "TooManyRequests": (429, Outcome.RETRY, "rate_limited"),
    "PayloadTooLarge": (413, Outcome.REJECTED, "payload_too_big"),
    "ServiceUnavailable": (503, Outcome.RETRY, "provider_unavailable"),
    "no answer": (None, Outcome.UNKNOWN, "answer_lost"),
}


@dataclass(frozen=True, slots=True)
class LabSettings:
    """`deliver` is told of each push that was asked: its bytes and what the lab answered.
    `is_down` says whether a magic id or token that begins with lab:down still gets 503."""

    deliver: Callable[[PushRequest, bytes, PushResult], None]
    is_down: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as it would stand on the wire."""

    line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class LabProvider:
    settings: LabSettings
    retry: RetryPolicy = RetryPolicy()
    kind: str = "lab"

    def origin(self, target: Address) -> str:
        return ""

    def payload(self, request: PushRequest, now: datetime) -> bytes:
        encode = ENCODERS[request.target.platform]
        return fit_body(request.body, lambda text: encode(request, text, now))

    def wire(self, request: PushRequest, now: datetime) -> Wire:
        line, headers = HEADS[request.target.platform](request, now)
        return Wire(line, headers, self.payload(request, now))

    def start(self, request: PushRequest, now: datetime) -> Pause[Sending]:
        is_held = request.attempt == 1 or find_magic(request) != "lab:timeout"
        seconds = SECONDS.get(find_magic(request), 0.0) if is_held else 0.0
        return Pause(Sending(self, request), seconds)

    def finish(self, request: PushRequest, answer: Answer[Sending]) -> PushResult:
        if answer.sent is not Sent.ANSWERED:
            return make_unanswered_result(request, answer)
        asked_at = answer.ended_at - timedelta(milliseconds=answer.elapsed_ms)
        body = self.payload(request, asked_at)
        word = self._word(request)
        status, outcome, reason = WORDS[word]
        result = PushResult(
            message_id=request.message_id,
            device_id=request.device_id,
            outcome=outcome,
            reason=reason,
            detail=word,
            retry_after=BUSY_SECONDS if status == 429 else None,
            status=status,
            provider_id=f"lab/{request.message_id}" if status == 200 else "",
            elapsed_ms=answer.elapsed_ms,
        )
        self.settings.deliver(request, body, result)
        return result

    def _word(self, request: PushRequest) -> str:
        match find_magic(request):
            case "lab:gone":
                return "Unregistered"
            case "lab:too-big":
                return "PayloadTooLarge"
            case "lab:busy" if request.attempt == 1:
                return "TooManyRequests"
            case "lab:timeout" if request.attempt == 1:
                return "no answer"
            case "lab:down" if self.settings.is_down(_magic_name(request)):
                return "ServiceUnavailable"
        return ""


def is_shown(request: PushRequest, result: PushResult) -> bool:
    """Whether the phone shows the push: a lost answer does not take it back."""
    is_taken = result.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN)
    return is_taken and find_magic(request) != "lab:silent"


def find_magic(request: PushRequest) -> str:
    """The key of MAGIC that the consumer's id or the token begins with, or nothing."""
    name = _magic_name(request)
    return next((magic for magic in MAGIC if name.startswith(magic)), "")


def _magic_name(request: PushRequest) -> str:
    consumer = request.data.get("externalConsumerId", "")
    return consumer if consumer.startswith("lab:") else request.target.token


Head = tuple[str, tuple[tuple[str, str], ...]]


def _head_ios(request: PushRequest, now: datetime) -> Head:
    headers = message_headers(request, request.target.bundle_id)
    return f"POST /3/device/{request.target.token}", headers


def _encode_ios(request: PushRequest, text: str, now: datetime) -> bytes:
    return encode_alert(request, text)


def _head_android(request: PushRequest, now: datetime) -> Head:
    return "POST /v1/projects/lab/messages:send", (("content-type", "application/json"),)


def _encode_android(request: PushRequest, text: str, now: datetime) -> bytes:
    return encode_message(request, encode_sdk_keys(request, text), now)


def _head_huawei(request: PushRequest, now: datetime) -> Head:
    return "POST /v1/lab/messages:send", (("content-type", "application/json"),)


def _encode_huawei(request: PushRequest, text: str, now: datetime) -> bytes:
    message = {
        "token": [request.target.token],
        "android": {"urgency": "HIGH", "ttl": f"{seconds_left(request, now)}s"},
        "data": encode_sdk_keys(request, text).decode(),
    }
    return orjson.dumps({"validate_only": False, "message": message})


def _head_web(request: PushRequest, now: datetime) -> Head:
    return f"POST /push/{request.target.token}", (
        ("ttl", str(seconds_left(request, now))),
        ("topic", request.message_id),
        ("urgency", "high"),
    )


def _encode_web(request: PushRequest, text: str, now: datetime) -> bytes:
    return encode_sdk_keys(request, text)


HEADS = {
    "ios": _head_ios,
    "android": _head_android,
    "huawei": _head_huawei,
    "web": _head_web,
}
ENCODERS = {
    "ios": _encode_ios,
    "android": _encode_android,
    "huawei": _encode_huawei,
    "web": _encode_web,
}
