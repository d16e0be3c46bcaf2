"""Base64url without padding (RFC 7515), as browsers and JSON Web Tokens write bytes."""

from base64 import b64decode, urlsafe_b64encode


def encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read it, with or without padding.

    :raises ValueError: it is none.
    """
    bare = text.rstrip("=")
    return b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
