"""What a notification says to the app's SDK, in the bytes that a provider allows."""

from collections.abc import Callable
from datetime import datetime

import orjson
import regex

from push.providers.base import PushRequest

PAYLOAD_LIMIT = 4096
"""Bytes; the limit of APNs, FCM and the push proxy alike."""

ELLIPSIS = "…"


REPLY = "ams"
"""`backendService` of what an agent said; any other is of an outbound message."""


def sdk_keys(request: PushRequest) -> dict[str, object]:
    """The keys that the SDK reads, but for the text, which each provider puts in its own place."""
    keys: dict[str, object] = {"id": request.message_id, "backendService": "prmsg"}
    keys.update(request.data)
    keys.pop("message", None)
    if keys["backendService"] == REPLY:
        keys["sequence"] = int(request.data["sequence"])
        return keys
    expiration = request.data.get("expirationEpochTime")
    if expiration is None:
        keys["expirationEpochTime"] = int(request.expires_at.timestamp())
    else:
        # The SDK for iOS declares a double, and refuses a string.
        keys["expirationEpochTime"] = float(expiration) if "." in expiration else int(expiration)
    return keys


def encode_sdk_keys(request: PushRequest, text: str) -> bytes:
    """The keys with text, badge and title among them, for vendors that have no places of their own
    for these."""
    keys = sdk_keys(request) | {"message": text, "badge": request.badge}
    if request.title:
        keys["title"] = request.title
    return orjson.dumps(keys)


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
        if len(encode(body[: ends[middle]] + ELLIPSIS)) <= limit:
            fits = middle
        else:
            too_long = middle
    return encode(body[: ends[fits]] + ELLIPSIS if fits >= 0 else ELLIPSIS)


def holds_whole(payload: bytes, body: str) -> bool:
    """Whether the body stands uncut in a JSON payload, or in JSON within it."""
    value = orjson.dumps(body)
    return value in payload or orjson.dumps(value.decode())[1:-1] in payload


def seconds_left(request: PushRequest, now: datetime) -> int:
    return max(0, int((request.expires_at - now).total_seconds()))
