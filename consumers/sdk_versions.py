"""Versions of LivePerson's SDKs: which of them can show an outbound message (C3)."""

import re
from functools import lru_cache

from consumers.models import Device

SDK_VERSION = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,6}){0,3})(?:[-+][0-9A-Za-z.+-]*)?")


@lru_cache(maxsize=1024)
def version_numbers(version: str) -> tuple[int, int, int, int] | None:
    """``6.2`` and ``6.2.0-rc1`` alike as ``(6, 2, 0, 0)``; None for what is no version."""
    match = SDK_VERSION.fullmatch(version)
    if match is None:
        return None
    numbers = [int(part) for part in match[1].split(".")]
    first, second, third, fourth = (*numbers, 0, 0, 0)[:4]
    return first, second, third, fourth


def missing_sdk_version(device: Device) -> str:
    """The version from which on the device would be pushed to; empty where it is already.

    A device without a version (a web app, a client of the brand's own) is not held to any.
    """
    minimum = device.app.minimum_sdk(device.platform, is_androidx=device.is_androidx)
    has = version_numbers(device.sdk_version)
    needs = version_numbers(minimum)
    return minimum if has is not None and needs is not None and has < needs else ""
