"""Signing what is posted to a brand's server, as Standard Webhooks says."""

import secrets
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from standardwebhooks.webhooks import Webhook

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """`value` is `whsec_` and base64; after `until` it signs no more."""

    value: str = field(repr=False)
    until: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        return self.until is None or now < self.until


def new_secret() -> str:
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


def sign(values: Iterable[str], *, message_id: str, body: str, now: datetime) -> Headers:
    """The headers that name a message and sign it with each of the secrets; `now` is UTC."""
    signatures = [_signer(one).sign(message_id, now, body) for one in values]
    return (
        ("webhook-id", message_id),
        ("webhook-timestamp", str(int(now.timestamp()))),
        ("webhook-signature", " ".join(signatures)),
    )


@lru_cache(maxsize=256)
def _signer(value: str) -> Webhook:
    return Webhook(value)
