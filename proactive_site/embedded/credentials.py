"""The secrets of an installation: made once, kept in a file that only its owner can read."""

import base64
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from proactive_site.embedded.folders import write_private


def one_line(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    r"""A PEM (PKCS #8) on one line, each newline written as `\n`."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode().replace("\n", "\\n")


def typeable() -> str:
    """16 hexadecimal characters in groups, for people who read it off a screen."""
    return "-".join(secrets.token_hex(2) for _ in range(4))


MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "FIELD_KEYS": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "TOKEN_SIGNING_KEY": lambda: one_line(rsa.generate_private_key(65537, 2048)),
    "DEMO_CLIENT_SECRET": lambda: secrets.token_urlsafe(32),
    "DEMO_PASSWORD": typeable,
    "DEMO_IDP_PRIVATE_KEY": lambda: one_line(ec.generate_private_key(ec.SECP256R1())),
}


def load(path: Path) -> dict[str, str]:
    """Read the secrets, making those that are missing: `NAME=value`, one a line."""
    known = read(path)
    missing = {name: make() for name, make in MAKERS.items() if name not in known}
    if missing:
        known |= missing
        write_private(path, "".join(f"{name}={value}\n" for name, value in known.items()))
    return known


def read(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)
