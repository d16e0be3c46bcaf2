"""Apple's side of provider tokens: whose key signed one, how old it is, how often it changed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

LIFE = 3600
BETWEEN_UPDATES = 20 * 60


class Refused(Exception):
    def __init__(self, status: int, reason: str, **more: Any) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.more = more


@dataclass(frozen=True)
class Signed:
    """A provider token that is in order: the team and the key, and when it was made."""

    text: str
    team_id: str
    key_id: str
    issued_at: int


def make_credential(
    team_id: str = "DEF123GHIJ", key_id: str = "ABC123DEFG", topic: str = "com.larkfield.app"
) -> dict[str, str]:
    """The settings of a push credential, with a new key, as Apple's .p8 file has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"team_id": team_id, "key_id": key_id, "private_key": pem, "topic": topic}


@dataclass
class KeyRing:
    """The keys of all teams. `only_for` has the environment of a key that is for one; `expired`
    are tokens that are called so before their time; `seen` is when each token came first."""

    now: Callable[[], float] = time.time
    keys: dict[str, tuple[str, ec.EllipticCurvePublicKey]] = field(default_factory=dict)
    only_for: dict[str, str] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    seen: dict[str, float] = field(default_factory=dict)
    _verified: dict[str, Signed] = field(default_factory=dict)
    _bound: dict[tuple[str, int], Signed] = field(default_factory=dict)

    def add(self, credential: Mapping[str, str]) -> None:
        key = load_pem_private_key(credential["private_key"].encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self.keys[credential["key_id"]] = (credential["team_id"], key.public_key())

    def revoke(self, key_id: str) -> None:
        del self.keys[key_id]

    def check(self, authorization: str, environment: str, connection: int) -> Signed:
        """:raises Refused: the push is nobody's."""
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise Refused(403, "MissingProviderToken")
        signed = self._read(text)
        if text in self.expired or self.now() - signed.issued_at > LIFE:
            raise Refused(403, "ExpiredProviderToken")
        if self.only_for.get(signed.key_id, environment) != environment:
            raise Refused(403, "BadEnvironmentKeyInToken")
        self._check_connection(signed, (environment, connection))
        self._check_updates(signed)
        return signed

    def _read(self, text: str) -> Signed:
        try:
            signed = self._verified.get(text) or self._verify(text)
        except (jwt.InvalidTokenError, KeyError, ValueError):
            raise Refused(403, "InvalidProviderToken") from None
        if signed.key_id not in self.keys or signed.issued_at > self.now():
            raise Refused(403, "InvalidProviderToken")
        self._verified[text] = signed
        return signed

    def _verify(self, text: str) -> Signed:
        key_id = jwt.get_unverified_header(text)["kid"]
        team_id, key = self.keys[key_id]
        options = {"verify_iat": False, "require": ["iss", "iat"]}
        claims = jwt.decode(text, key, algorithms=["ES256"], issuer=team_id, options=options)
        return Signed(text, team_id, key_id, int(claims["iat"]))

    def _check_connection(self, signed: Signed, connection: tuple[str, int]) -> None:
        first = self._bound.setdefault(connection, signed)
        if first.team_id != signed.team_id:
            raise Refused(403, "InvalidProviderToken")
        if first.key_id != signed.key_id:
            raise Refused(403, "UnrelatedKeyIdInToken")

    def _check_updates(self, signed: Signed) -> None:
        if signed.text in self.seen:
            return
        for text, at in self.seen.items():
            is_ours = self._verified[text].key_id == signed.key_id and text not in self.expired
            if is_ours and self.now() - at < BETWEEN_UPDATES:
                raise Refused(429, "TooManyProviderTokenUpdates")
        self.seen[signed.text] = self.now()
