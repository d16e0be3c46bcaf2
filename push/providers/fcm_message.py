"""What FCM is asked to carry: a message of data alone, which the app's SDK draws."""

from datetime import datetime

import orjson

from push.providers.base import PushRequest
from push.providers.content import PAYLOAD_LIMIT, encode_sdk_keys, fit_body, seconds_left

DATA_KEY = "payload"
"""The only one. LivePerson's SDK takes the first value of the data, and Android keeps data in no
order that we could choose."""

VALUE_LIMIT = PAYLOAD_LIMIT - len(DATA_KEY)
"""FCM counts keys and values, not the JSON around them, nor the escapes in it."""

LONGEST_TTL = 28 * 86_400


def encode_value(request: PushRequest) -> bytes:
    """The SDK's keys as JSON, which is the value of the data; its text is cut until it fits."""
    return fit_body(request.body, lambda text: encode_sdk_keys(request, text), VALUE_LIMIT)


def encode_message(request: PushRequest, value: bytes, now: datetime) -> bytes:
    """The body of the request.

    It has no `collapse_key`. FCM keeps at most four of them for a device that is off, and of more
    messages drops whichever it likes; it also throttles messages that collapse. Without one it
    keeps a hundred, and a repeat after a lost answer is dropped by the SDK, which knows the `id`
    and draws with it as tag.
    """
    ttl = min(seconds_left(request, now), LONGEST_TTL)
    message = {
        "token": request.target.token,
        # Not "notification": the system would draw it, and nobody learn that it was shown.
        "android": {"priority": "HIGH", "ttl": f"{ttl}s"},
        "data": {DATA_KEY: value.decode()},
    }
    return orjson.dumps({"message": message})
