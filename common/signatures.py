"""Signing what is posted to a brand's server, as Standard Webhooks says."""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

Headers = tuple[tuple[str, str], ...]

PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """`value` is `whsec_` and base64; after `until` it signs no more."""

    value: str = field(repr=False)
    until: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        return self.until is None or now < self.until


def new_secret() -> str:
    return PREFIX + b64encode(secrets.token_bytes(32)).decode()


def sign(values: Iterable[str], *, message_id: str, body: bytes, now: datetime) -> Headers:
    """The headers that name a message and sign it with each of the secrets."""
    moment = str(int(now.timestamp()))
    content = b".".join((message_id.encode(), moment.encode(), body))
    digests = (hmac.digest(_key(value), content, "sha256") for value in values)
    return (
        ("webhook-id", message_id),
        ("webhook-timestamp", moment),
        ("webhook-signature", " ".join(f"v1,{b64encode(one).decode()}" for one in digests)),
    )


@lru_cache(maxsize=256)
def _key(value: str) -> bytes:
    return b64decode(value.removeprefix(PREFIX))
