"""The browsers that a push service serves: what each keeps of its subscription, and reads."""

from dataclasses import dataclass, field
from os import urandom

import http_ece
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from common import base64url


@dataclass
class Subscription:
    """What a browser keeps of it, and what came in. While it is offline messages wait, the last
    one of each topic."""

    token: str
    server_key: str
    private_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    secret: bytes = field(default_factory=lambda: urandom(16))
    is_gone: bool = False
    is_online: bool = True
    waiting: dict[str, str] = field(default_factory=dict)
    received: list[str] = field(default_factory=list)

    @property
    def p256dh(self) -> str:
        point = self.private_key.public_key()
        return base64url.encode(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    @property
    def auth(self) -> str:
        return base64url.encode(self.secret)

    def line(self) -> bytes:
        """For a file that its browser is found in again."""
        der = self.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        secrets = {"key": base64url.encode(der), "secret": self.auth}
        return orjson.dumps({"token": self.token, "server_key": self.server_key, **secrets})

    def open(self, body: bytes) -> bytes | None:
        """As the browser does it; None for what it cannot decrypt, and drops."""
        try:
            plaintext: bytes = http_ece.decrypt(
                body, private_key=self.private_key, auth_secret=self.secret, version="aes128gcm"
            )
        except (http_ece.ECEException, ValueError):
            return None
        return plaintext

    def take(self, topic: str, ttl: int, plaintext: str) -> None:
        if self.is_online:
            self.received.append(plaintext)
        elif ttl:
            self.waiting[topic or urandom(8).hex()] = plaintext

    def come_online(self) -> None:
        self.is_online = True
        self.received += self.waiting.values()
        self.waiting.clear()


def read_subscription(line: bytes) -> Subscription:
    kept = orjson.loads(line)
    key = load_der_private_key(base64url.decode(kept["key"]), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    secret = base64url.decode(kept["secret"])
    return Subscription(kept["token"], kept["server_key"], key, secret)
