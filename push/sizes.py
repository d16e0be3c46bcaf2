"""How large a push is before it is cut to fit, by the vendor that has the least room for it."""

from collections.abc import Collection
from dataclasses import dataclass

from push.providers.apns_message import encode_alert
from push.providers.base import PushRequest
from push.providers.content import PAYLOAD_LIMIT, encode_sdk_keys
from push.providers.fcm_message import VALUE_LIMIT
from push.providers.webpush_encryption import LONGEST_PLAINTEXT

# Platform: how its push is encoded, and the bytes that it may have. Huawei is reached by proxies
# alone, whose limit is Apple's.
_ENCODINGS = {
    "ios": (encode_alert, PAYLOAD_LIMIT),
    "android": (encode_sdk_keys, VALUE_LIMIT),
    "huawei": (encode_sdk_keys, PAYLOAD_LIMIT),
    "web": (encode_sdk_keys, LONGEST_PLAINTEXT),
}


@dataclass(frozen=True, slots=True)
class PushRoom:
    """``payload_bytes`` with the push's own keys, of ``limit``; more of them are cut."""

    payload_bytes: int
    limit: int

    @property
    def is_too_long(self) -> bool:
        return self.payload_bytes > self.limit


def least_room(request: PushRequest, platforms: Collection[str]) -> PushRoom:
    """The platform on which the push comes nearest to its limit."""
    rooms = []
    for platform in platforms:
        encode, limit = _ENCODINGS[platform]
        rooms.append(PushRoom(len(encode(request, request.body)), limit))
    return max(rooms, key=lambda room: room.payload_bytes - room.limit)
