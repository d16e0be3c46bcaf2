"""Public ids: what callers see instead of primary keys."""

import os
import secrets
import string
import time
import uuid

_ALPHABET = string.ascii_letters + string.digits + "-_"


def uuid7() -> uuid.UUID:
    """A time-ordered uuid (RFC 9562, 5.7): 48 bits of Unix milliseconds, then random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value)


def short_id(length: int = 9) -> str:
    """``length`` URL-safe characters, 6 random bits each."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def digits(length: int) -> str:
    """``length`` random digits, the first not zero."""
    return str(secrets.randbelow(9 * 10 ** (length - 1)) + 10 ** (length - 1))
