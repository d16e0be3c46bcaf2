"""Stubs of the vendors, where they stand in: what they know us by, and what they give to phones."""

import json
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from common.calls import Answer, Call, Tls
from common.errors import Conflict
from common.transport import transport
from consumers.models import Device
from push.models import ProviderKind
from push.providers.vapid import public_key_of, read_private_key

LOGS = ("fcm", "apns", "webpush", "proxy")
LAB_TOKENS = "lab-"
# Those of the stub's sandbox begin otherwise.
APNS_TOKEN = re.compile(r"1[0-9a-f]{63}")


class StubAway(Conflict):
    """The stub that a browser subscribes at does not answer."""

    key = "stub_away"


def are_there() -> bool:
    return bool(settings.LAB_STUBS)


def folder() -> Path:
    """Of their keys and logs; and of the orders for them, in `orders.json`."""
    return Path(settings.LAB_STUBS)


def sample_orders(devices: Sequence[Device]) -> str:
    """For the first of them: busy once, then down twice."""
    token = devices[0].token.rpartition("/")[2] if devices else "TOKEN"
    busy = {"status": 429, "headers": {"retry-after": "4"}}
    return json.dumps({token: [busy, {"status": 503, "times": 2}]}, indent=2)


def credential_settings(provider: str) -> dict[str, Any]:
    """Of a credential that the provider's stub takes."""
    if provider == ProviderKind.PROXY:
        return {"url": settings.LAB_PROXY_URL}
    text = (folder() / f"{provider}.json").read_text()
    if provider == ProviderKind.FCM:
        return {"service_account": text}
    given: dict[str, Any] = orjson.loads(text)
    return given


def takes(device: Device, provider: str) -> bool:
    """Whether the device's token is one that the provider's stub could have given."""
    if provider == ProviderKind.APNS:
        return bool(APNS_TOKEN.fullmatch(device.token))
    if provider == ProviderKind.WEBPUSH:
        origin, _, name = device.token.rpartition("/push/")
        return origin == settings.LAB_WEB_PUSH_URL and name in _browsers()
    return not device.token.startswith(LAB_TOKENS)


def new_address(provider: str) -> dict[str, str]:
    """What an app registers a new phone with.

    :raises StubAway: a browser cannot subscribe.
    """
    if provider == ProviderKind.WEBPUSH:
        return _subscribe()
    if provider == ProviderKind.APNS:
        return {"token": f"1{secrets.token_hex(32)[1:]}", "environment": "production"}
    start = LAB_TOKENS if provider == ProviderKind.LAB else "stub-"
    return {"token": f"{start}{secrets.token_urlsafe(24)}"}


def _browsers() -> str:
    """What the stub keeps of those that subscribed."""
    path = folder() / "browsers.jsonl"
    return path.read_text() if path.exists() else ""


def _subscribe() -> dict[str, str]:
    """As a browser does it, at the push service of its vendor."""
    key = public_key_of(
        read_private_key(credential_settings(ProviderKind.WEBPUSH)["vapid_private_key"])
    )
    call = Call(
        tag=None,
        key="browsers",
        method="POST",
        url=f"{settings.LAB_WEB_PUSH_URL}/subscribe",
        body=orjson.dumps({"applicationServerKey": key}),
        tls=Tls(settings.EGRESS_CA_FILE),
    )
    for answer in transport().perform([call]):
        if isinstance(answer, Answer) and answer.status == 201:
            made = orjson.loads(answer.body)
            return {"token": made["endpoint"], **made["keys"]}
    raise StubAway("The stub of the browsers' push service does not answer. See its log.")
