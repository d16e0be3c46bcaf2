"""The contract between sending and a push provider: requests, outcomes, retry, payload fitting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from random import Random
from typing import NamedTuple, Protocol

import regex

from common.calls import Answer, Call, Pause

PAYLOAD_LIMIT = 4096
"""Bytes; the limit of APNs, FCM and the push proxy alike."""

DETAIL_LIMIT = 300
LONGEST_RETRY_AFTER = 3600.0


@dataclass(frozen=True, slots=True)
class DeviceTarget:
    """`platform` is ios, android, huawei or web; p256dh and auth are web push's keys;
    `environment` is APNs' "sandbox" or "production"."""

    platform: str
    token: str = field(repr=False)
    p256dh: str = field(default="", repr=False)
    auth: str = field(default="", repr=False)
    environment: str = ""


@dataclass(frozen=True, slots=True)
class PushRequest:
    """One notification for one device, in words that no provider owns.

    `message_id` is the message's public id, 32 hex characters, the same on every try: collapse
    id, tag and topic come from it. `attempt` counts from 1. `expires_at` is UTC; the time to live
    is what is left of it. `data` holds the keys that the app's SDK reads.
    """

    message_id: str
    device_id: int
    target: DeviceTarget
    badge: int
    title: str = field(repr=False)
    body: str = field(repr=False)
    expires_at: datetime
    data: Mapping[str, str] = field(repr=False)
    attempt: int = 1


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    RETRY = "retry"
    UNKNOWN = "unknown"
    UNREGISTERED = "unregistered"
    REJECTED = "rejected"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class PushResult:
    """What came of one request.

    `reason` is our stable word, empty when accepted; `detail` the provider's own words, at most
    300 characters; `retry_after` the provider's wish in seconds, 0 to 3600. With `is_started`
    false the provider was never asked, and the try must not be counted.
    """

    message_id: str
    device_id: int
    outcome: Outcome
    reason: str = ""
    detail: str = ""
    retry_after: float | None = None
    status: int | None = None
    provider_id: str = ""
    elapsed_ms: int = 0
    bytes_sent: int = 0
    is_started: bool = True


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Full jitter, unlimited, unless the provider's contract fixes pace and number on 5xx."""

    base: float = 2.0
    cap: float = 600.0
    fixed_on_5xx: float | None = None
    attempts_on_5xx: int | None = None

    def delay(self, attempt: int, rng: Random) -> float:
        """Seconds to wait after the given attempt (the first is 1)."""
        return rng.uniform(0.0, min(self.cap, self.base * 2.0 ** min(attempt, 30)))

    def wait(self, result: PushResult, attempt: int, rng: Random) -> float | None:
        """Seconds until the next try of a RETRY or UNKNOWN result, None when it was the last."""
        if result.status is not None and result.status >= 500:
            if self.attempts_on_5xx is not None and attempt >= self.attempts_on_5xx:
                return None
            if self.fixed_on_5xx is not None:
                return max(self.fixed_on_5xx, result.retry_after or 0.0)
        return max(self.delay(attempt, rng), result.retry_after or 0.0)


class Provider(Protocol):
    """One vendor: `start` says what to send, `finish` what came of it. Neither does any I/O."""

    @property
    def kind(self) -> str: ...

    @property
    def retry(self) -> RetryPolicy: ...

    def payload(self, request: PushRequest) -> bytes:
        """The encoded body; its text is cut until it fits PAYLOAD_LIMIT."""

    def start(self, request: PushRequest, now: datetime) -> "Call[Sending] | Pause[Sending]": ...

    def finish(self, request: PushRequest, answer: "Answer[Sending]") -> PushResult: ...


class Sending(NamedTuple):
    """The tag of each call and pause: who has to read the answer."""

    provider: Provider
    request: PushRequest

    def finish(self, answer: "Answer[Sending]") -> PushResult:
        return self.provider.finish(self.request, answer)


def fit_body(body: str, encode: Callable[[str], bytes], limit: int = PAYLOAD_LIMIT) -> bytes:
    """Encode the body, cut between graphemes and marked with an ellipsis where it is too long.

    The result is longer than the limit only if everything else alone is.
    """
    encoded = encode(body)
    if len(encoded) <= limit:
        return encoded
    ends = [match.end() for match in regex.finditer(r"\X", body)]
    fits, too_long = -1, len(ends)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if len(encode(body[: ends[middle]] + "…")) <= limit:
            fits = middle
        else:
            too_long = middle
    return encode(body[: ends[fits]] + "…" if fits >= 0 else "…")


def seconds_left(request: PushRequest, now: datetime, longest: float = float("inf")) -> int:
    return int(max(0.0, min(longest, (request.expires_at - now).total_seconds())))


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Read seconds or an HTTP date; None for what is neither."""
    text = (value or "").strip()
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit():
        return min(max(float(text), 0.0), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)
