"""Requests and answers as a stub writes them down whole, for people and the push lab to look at.

Signatures of tokens are left out: who has saved a real credential has it used on the stub.
"""

import re
from collections.abc import Mapping
from typing import Any

from common import base64url

WHOLE = "write requests and answers down whole"
TOKEN = re.compile(r"(eyJ[\w-]+\.[\w-]+)\.[\w-]+")
SECRET = re.compile(r"(?i)(basic ).+")


def written(protocol: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """`body` is a text; bytes that are none, as of Web Push, stand in `sealed` (base64url)."""
    entry: dict[str, Any] = {
        "protocol": protocol,
        "headers": [[name, _unsigned(value)] for name, value in headers.items()],
    }
    try:
        entry["body"] = _unsigned(body.decode())
    except UnicodeDecodeError:
        entry["sealed"] = base64url.encode(body)
    return entry


def _unsigned(text: str) -> str:
    return SECRET.sub(r"\1…", TOKEN.sub(r"\1.…", text))
