"""The way of a push: by which credential, to which host of its provider."""

from dataclasses import dataclass
from datetime import datetime

from push.providers.base import Provider

# A host's name has at most 253 characters; what is longer leads nowhere anyway.
LONGEST_ORIGIN = 300


@dataclass(frozen=True, slots=True)
class Scope:
    """What one breaker is about: a credential at a host, or the host for everybody."""

    key: str
    provider: str
    origin: str
    credential_id: int | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """A credential's way to one host. ``fingerprint`` tells with which settings it is used; the
    host's scope comes after the credential's, and is missing where there is no network."""

    provider: Provider
    credential_id: int
    account_id: int
    fingerprint: str
    switched_off_at: datetime | None
    scopes: tuple[Scope, ...]


def scopes_of(provider: str, origin: str, credential_id: int) -> tuple[Scope, ...]:
    origin = origin[:LONGEST_ORIGIN]
    own = Scope(f"{credential_id} {origin}", provider, origin, credential_id)
    return (own, Scope(f"{provider} {origin}", provider, origin)) if origin else (own,)
