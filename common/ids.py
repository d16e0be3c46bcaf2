"""Public ids: what callers see instead of primary keys."""

import os
import secrets
import string
import time
import uuid

# Version 7 and the variant of RFC 9562; the other 74 of the lower 80 bits are random.
_VERSION_7 = (0x7 << 76) | (0x2 << 62)
_RANDOM_BITS = ~((0xF << 76) | (0x3 << 62)) & ((1 << 80) - 1)
_ALPHABET = string.ascii_letters + string.digits + "-_"


def uuid7() -> uuid.UUID:
    """A time-ordered uuid (RFC 9562, 5.7): 48 bits of Unix milliseconds, then random bits."""
    return uuid7s(1)[0]


def uuid7s(count: int) -> list[uuid.UUID]:
    """``count`` of them, of one millisecond."""
    milliseconds = (time.time_ns() // 1_000_000) << 80
    randomness = os.urandom(10 * count)
    return [
        uuid.UUID(int=milliseconds | _VERSION_7 | int.from_bytes(part, "big") & _RANDOM_BITS)
        for part in (randomness[at : at + 10] for at in range(0, 10 * count, 10))
    ]


def short_id(length: int = 9) -> str:
    """``length`` URL-safe characters, 6 random bits each."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def digits(length: int) -> str:
    """``length`` random digits, the first not zero."""
    return str(secrets.randbelow(9 * 10 ** (length - 1)) + 10 ** (length - 1))
