"""Message encryption for Web Push (RFC 8291): one record of aes128gcm (RFC 8188).

Written with HMAC by hand, since a message is made for each browser anew: of its time four fifths
are the two operations on the curve.
"""

from dataclasses import dataclass, field
from hmac import digest
from os import urandom

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from common import base64url

CURVE = SECP256R1()
EXCHANGE = ECDH()
RECORD_SIZE = 4096
POINT_SIZE = 65
SALT_SIZE = 16
LAST_RECORD = b"\x02"
LONGEST_BODY = 4096
"""What every push service has to take (RFC 8030, 7.2)."""

LONGEST_PLAINTEXT = LONGEST_BODY - (SALT_SIZE + 4 + 1 + POINT_SIZE) - len(LAST_RECORD) - 16
"""3,993: less the head, the delimiter and the tag."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A browser's subscription: its public key, as bytes too, and the secret it shares with us."""

    public_key: EllipticCurvePublicKey
    point: bytes
    secret: bytes = field(repr=False)


def read_receiver(p256dh: str, auth: str) -> Receiver:
    """From the keys that the browser gave, in base64url.

    :raises ValueError: one of them is none.
    """
    point, secret = base64url.decode(p256dh), base64url.decode(auth)
    if len(point) != POINT_SIZE:
        raise ValueError("p256dh is not an uncompressed point.")
    if len(secret) != SALT_SIZE:
        raise ValueError("auth is not 16 bytes.")
    return Receiver(EllipticCurvePublicKey.from_encoded_point(CURVE, point), point, secret)


def encrypt(plaintext: bytes, receiver: Receiver) -> bytes:
    """The body of one message, with a key pair and a salt that no other message has."""
    return seal(plaintext, receiver, generate_private_key(CURVE), urandom(SALT_SIZE))


def seal(
    plaintext: bytes, receiver: Receiver, sender: EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """RFC 8291, 3.4, in its words."""
    as_public = sender.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    ecdh_secret = sender.exchange(EXCHANGE, receiver.public_key)
    prk_key = digest(receiver.secret, ecdh_secret, "sha256")
    key_info = b"WebPush: info\x00" + receiver.point + as_public
    ikm = digest(prk_key, key_info + b"\x01", "sha256")
    prk = digest(salt, ikm, "sha256")
    cek = digest(prk, b"Content-Encoding: aes128gcm\x00\x01", "sha256")[:16]
    nonce = digest(prk, b"Content-Encoding: nonce\x00\x01", "sha256")[:12]
    head = salt + RECORD_SIZE.to_bytes(4) + bytes([POINT_SIZE]) + as_public
    return head + AESGCM(cek).encrypt(nonce, plaintext + LAST_RECORD, None)
