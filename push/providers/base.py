"""The contract between sending and a push provider: requests, outcomes, retry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from random import Random
from typing import NamedTuple, Protocol

from common.calls import Answer, Call, Pause


class SettingInvalid(ValueError):
    """A provider's setting cannot be used; `field` is its name in the settings."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(f"{field_name}: {message}")
        self.field = field_name
        self.message = message


@dataclass(frozen=True, slots=True)
class DeviceTarget:
    """`platform` is ios, android, huawei or web; p256dh and auth are web push's keys;
    `environment` is APNs' "sandbox" or "production", empty where nobody knows; `bundle_id` is the
    app's."""

    platform: str
    token: str = field(repr=False)
    p256dh: str = field(default="", repr=False)
    auth: str = field(default="", repr=False)
    environment: str = ""
    bundle_id: str = ""


class Address(Protocol):
    """What of a device decides to which host its pushes go."""

    @property
    def token(self) -> str: ...

    @property
    def environment(self) -> str: ...


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


class CannotStart(Exception):
    """A push that cannot even be asked for now, for want of an access token for example.

    `outcome` is RETRY or MISCONFIGURED; `reason` our stable word, `detail` the vendor's own;
    `retry_after` the seconds for which asking is of no use, where they are known.
    """

    def __init__(
        self, outcome: Outcome, reason: str, detail: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.outcome = outcome
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after


@dataclass(slots=True)  # not frozen, as one is made for each push: see common.calls
class PushResult:
    """What came of one request.

    `reason` is our stable word, empty when accepted; `detail` the provider's own words, at most
    300 characters; `retry_after` the provider's wish in seconds, 0 to 3600. With `is_started`
    false the provider was never asked, and the try must not be counted. `dead_since`: an
    UNREGISTERED token was dead at that moment, as the provider says; one that was registered
    later stays. `environment`: where the device's token is to be tried from now on, learned from
    the answer.
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
    is_started: bool = True
    dead_since: datetime | None = None
    environment: str = ""


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

    def is_over(self, attempts: int) -> bool:
        """Whether so many tries that were answered with 5xx are all that the contract allows."""
        return self.attempts_on_5xx is not None and attempts >= self.attempts_on_5xx

    def wait(self, result: PushResult, attempt: int, rng: Random) -> float | None:
        """Seconds until the next try of a RETRY or UNKNOWN result, None when it was the last."""
        if result.status is not None and result.status >= 500:
            if self.is_over(attempt):
                return None
            if self.fixed_on_5xx is not None:
                return max(self.fixed_on_5xx, result.retry_after or 0.0)
        return max(self.delay(attempt, rng), result.retry_after or 0.0)


class Provider(Protocol):
    """One vendor: `start` says what to send, `finish` what came of it. Neither does any I/O, but
    for the access token that a vendor may want now and then."""

    @property
    def kind(self) -> str: ...

    @property
    def retry(self) -> RetryPolicy: ...

    def origin(self, target: "Address") -> str:
        """Scheme and host that pushes to this device go to; empty where they go nowhere."""
        ...

    def payload(self, request: PushRequest, now: datetime) -> bytes:
        """The encoded body, or the part of it that the vendor's limit is about; its text is cut
        until it fits."""

    def start(self, request: PushRequest, now: datetime) -> "Call[Sending] | Pause[Sending]":
        """:raises CannotStart: the vendor is not asked."""
        ...

    def finish(self, request: PushRequest, answer: "Answer[Sending]") -> PushResult: ...


class Sending(NamedTuple):
    """The tag of each call and pause: who has to read the answer, and what the call was signed
    with, where the provider has to know that."""

    provider: Provider
    request: PushRequest
    signed: object = None

    def finish(self, answer: "Answer[Sending]") -> PushResult:
        return self.provider.finish(self.request, answer)
