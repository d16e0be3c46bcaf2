"""How a push service knows whose message it is (VAPID, RFC 8292): an app's key pair, and tokens."""

from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from common import base64url

KEY_SIZE = 32
LIFETIME = timedelta(hours=12)
"""The RFC allows 24; half of it leaves room for a clock that is wrong, theirs or ours."""

RENEWAL = timedelta(hours=1)
MOST_AUDIENCES = 100


def new_private_key() -> str:
    """32 bytes in base64url: how tools for Web Push write the private key of a pair."""
    number = generate_private_key(SECP256R1()).private_numbers().private_value
    return base64url.encode(number.to_bytes(KEY_SIZE))


def read_private_key(text: str) -> EllipticCurvePrivateKey:
    """:raises ValueError: it is none."""
    raw = base64url.decode(text)
    if len(raw) != KEY_SIZE:
        raise ValueError("A private key is 32 bytes.")
    return derive_private_key(int.from_bytes(raw), SECP256R1())


def public_key_of(private_key: EllipticCurvePrivateKey) -> str:
    """In base64url, as a browser wants it for `applicationServerKey`."""
    point = private_key.public_key()
    return base64url.encode(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


class VapidSigner:
    """One app's tokens in one process, one for each push service until it is near its end."""

    def __init__(self, private_key: str, contact: str) -> None:
        self._private_key = read_private_key(private_key)
        self.public_key = public_key_of(self._private_key)
        self._contact = contact
        self._headers: dict[str, tuple[datetime, str]] = {}

    def authorization(self, audience: str, now: datetime) -> str:
        """The value of the header; `audience` is the origin of the endpoint."""
        ends_at, header = self._headers.get(audience, (now, ""))
        if RENEWAL < ends_at - now < LIFETIME + RENEWAL:
            return header
        if len(self._headers) >= MOST_AUDIENCES:
            # More than there are push services: somebody makes names up below an allowed one.
            self._headers.clear()
        header = self._sign(audience, now + LIFETIME)
        self._headers[audience] = (now + LIFETIME, header)
        return header

    def _sign(self, audience: str, ends_at: datetime) -> str:
        claims = {"aud": audience, "exp": int(ends_at.timestamp()), "sub": self._contact}
        token = jwt.encode(claims, self._private_key, algorithm="ES256")
        return f"vapid t={token}, k={self.public_key}"
