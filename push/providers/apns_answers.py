"""What APNs answers, and what it means to us: Apple's reasons, each with its status."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from push.providers.base import Outcome
from push.providers.reading import read_words

Verdict = tuple[Outcome, str]

ACCEPTED: Verdict = (Outcome.ACCEPTED, "")
BAD_TOKEN: Verdict = (Outcome.UNREGISTERED, "bad_token")
GONE: Verdict = (Outcome.UNREGISTERED, "token_gone")
OTHER_TOPIC: Verdict = (Outcome.REJECTED, "other_topic")
MALFORMED: Verdict = (Outcome.REJECTED, "malformed")
REFUSED: Verdict = (Outcome.REJECTED, "refused")
OUR_TOPIC: Verdict = (Outcome.MISCONFIGURED, "topic_refused")
OUR_KEY: Verdict = (Outcome.MISCONFIGURED, "credential_refused")
OTHER_ENVIRONMENT: Verdict = (Outcome.MISCONFIGURED, "wrong_environment")
EXPIRED: Verdict = (Outcome.RETRY, "access_token_refused")
BUSY: Verdict = (Outcome.RETRY, "rate_limited")
DOWN: Verdict = (Outcome.RETRY, "provider_unavailable")

# With another status than Apple documents, a word is none of these: no device leaves the registry
# for what something on the way made up.
WORDS: dict[tuple[int, str], Verdict] = {
    (400, "BadDeviceToken"): BAD_TOKEN,
    (400, "DeviceTokenNotForTopic"): OTHER_TOPIC,
    (400, "BadTopic"): OUR_TOPIC,
    (400, "MissingTopic"): OUR_TOPIC,
    (400, "TopicDisallowed"): OUR_TOPIC,
    (400, "ExpiredToken"): GONE,  # 410 today, and 400 when Apple first had it
    (400, "IdleTimeout"): DOWN,
    (400, "BadCollapseId"): MALFORMED,
    (400, "BadExpirationDate"): MALFORMED,
    (400, "BadMessageId"): MALFORMED,
    (400, "BadPriority"): MALFORMED,
    (400, "DuplicateHeaders"): MALFORMED,
    (400, "InvalidPushType"): MALFORMED,
    (400, "MissingDeviceToken"): MALFORMED,
    (400, "PayloadEmpty"): MALFORMED,
    (403, "ExpiredProviderToken"): EXPIRED,
    (403, "BadEnvironmentKeyIdInToken"): OTHER_ENVIRONMENT,
    (403, "BadEnvironmentKeyInToken"): OTHER_ENVIRONMENT,  # what is said, whatever is documented
    (404, "BadPath"): MALFORMED,
    (405, "MethodNotAllowed"): MALFORMED,
    (410, "ExpiredToken"): GONE,
    (410, "Unregistered"): GONE,
}
# 403 is InvalidProviderToken, MissingProviderToken, UnrelatedKeyIdInToken, Forbidden or one about
# certificates; 429 TooManyRequests (of one device) or TooManyProviderTokenUpdates.
STATUSES: dict[int, Verdict] = {
    401: OUR_KEY,
    403: OUR_KEY,
    408: DOWN,
    413: (Outcome.REJECTED, "payload_too_big"),
    429: BUSY,
}
CLASSES: dict[int, Verdict] = {
    2: ACCEPTED,
    3: (Outcome.MISCONFIGURED, "redirected"),
    4: REFUSED,
}

TOO_MANY_TOKENS = "TooManyProviderTokenUpdates"


@dataclass(frozen=True, slots=True)
class ApnsError:
    """The body of a refusal, as far as it can be read; `dead_since` is when Apple found the device
    token dead."""

    reason: str = ""
    dead_since: datetime | None = None


def judge(status: int, reason: str) -> Verdict:
    return WORDS.get((status, reason)) or STATUSES.get(status) or CLASSES.get(status // 100, DOWN)


def read_error(body: bytes) -> ApnsError:
    """From what may be anything: Apple's words have come through other machines."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ApnsError()
    if not isinstance(said, dict) or not isinstance(said.get("reason"), str):
        return ApnsError()
    return ApnsError(said["reason"], _read_milliseconds(said.get("timestamp")))


def describe(error: ApnsError, body: bytes) -> str:
    return read_words(error.reason.encode("utf-8", "replace") or body)


def _read_milliseconds(value: Any) -> datetime | None:
    if type(value) is not int:
        return None
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
