"""What vendors would have given the brand of a run, made up."""

import json
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from common.base64url import encode
from push.providers.vapid import new_private_key


@dataclass(frozen=True, slots=True)
class Keys:
    """Settings of credentials; ``browser`` are p256dh and auth, ``for_peer`` a private key too."""

    service_account: str
    apns: dict[str, object]
    web: dict[str, object]
    browser: tuple[str, str]
    for_peer: tuple[str, str, str]

    @classmethod
    def make(cls, folder: Path) -> "Keys":
        google = rsa.generate_private_key(65537, 2048)
        apple = _pem(ec.generate_private_key(ec.SECP256R1()))
        (folder / "apns.p8").write_text(apple)
        vapid = new_private_key()
        browser = ec.generate_private_key(ec.SECP256R1()).public_key()
        point = encode(browser.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
        auth = encode(bytes(16))
        return cls(
            service_account=json.dumps(
                {
                    "type": "service_account",
                    "project_id": "bench",
                    "private_key_id": "bench",
                    "private_key": _pem(google),
                    "client_email": "bench@bench.iam.gserviceaccount.com",
                    "token_uri": "https://oauth2.googleapis.com/token",
                }
            ),
            apns={
                "team_id": "TEAMTEAM01",
                "key_id": "KEYKEYKEY1",
                "private_key": apple,
                "topic": "com.brand.app",
            },
            web={"vapid_private_key": vapid, "contact": "mailto:bench@brand.example"},
            browser=(point, auth),
            for_peer=(vapid, point, auth),
        )


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
