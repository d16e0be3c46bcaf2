"""What APNs is asked to carry: an alert that the system draws, and the keys that the SDK reads."""

from uuid import UUID

import orjson

from push.providers.base import PushRequest
from push.providers.content import sdk_keys

FIXED_HEADERS = (
    ("content-type", "application/json"),
    ("apns-push-type", "alert"),
    ("apns-priority", "10"),
)


def encode_alert(request: PushRequest, text: str) -> bytes:
    """`mutable-content` wakes the app's own extension before the alert is shown, if it has one."""
    alert = {"title": request.title, "body": text} if request.title else {"body": text}
    aps = {"alert": alert, "sound": "default", "badge": request.badge, "mutable-content": 1}
    return orjson.dumps({"aps": aps, **sdk_keys(request)})


def message_headers(request: PushRequest, topic: str) -> tuple[tuple[str, str], ...]:
    """The message's id is what a repeat is known by: a notification that is shown, or waits for its
    phone, is replaced by a later one of the same collapse id."""
    return (
        *FIXED_HEADERS,
        ("apns-topic", topic),
        ("apns-id", str(UUID(request.message_id))),
        ("apns-collapse-id", request.message_id),
        ("apns-expiration", str(int(request.expires_at.timestamp()))),
    )
