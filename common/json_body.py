"""Reading a JSON body strictly: what is ambiguous or unprintable is refused, not guessed."""

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Never

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.parsers import BaseParser

from common.errors import MalformedBody

MAX_DEPTH = 20

_SURROGATE = re.compile("[\ud800-\udfff]")
# Only an escape can bring a NUL or a lone surrogate into decoded JSON.
_SUSPECT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: no NUL, no lone surrogate."""
    return "\0" not in text and _SURROGATE.search(text) is None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise MalformedBody(
                    f"The key {key[:60]!r} stands twice in one object; send it once."
                )
            seen.add(key)
    return result


def _no_constant(name: str) -> Never:
    raise MalformedBody(f"{name} is no JSON value.")


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise MalformedBody("A number in the body is too large.")
    return value


def load_json(raw: bytes) -> Any:
    """Decode a JSON text (RFC 8259, UTF-8) with unique keys and finite numbers.

    :raises MalformedBody: it is not such a text, or is nested deeper than 20.
    """
    if not raw.strip():
        raise MalformedBody("The body is empty; send a JSON object.")
    try:
        data = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise MalformedBody("The body is not UTF-8.") from error
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except (RecursionError, ValueError) as error:
        raise MalformedBody(
            "The body is nested too deep or has a number that is too long."
        ) from error
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _check_depth(data)
    return data


def _check_depth(data: Any) -> None:
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _containers(node)]
        if not level:
            return
    raise MalformedBody(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _containers(node: Any) -> list[Any]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [child for child in children if isinstance(child, dict | list)]


def pointer_to(pointer: str, key: str | int) -> str:
    """The JSON Pointer one step further (RFC 6901, 3)."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def unstorable_pointer(data: Any, pointer: str = "") -> str | None:
    """The JSON Pointer of the first text that cannot be stored, or None."""
    if isinstance(data, str):
        return None if is_storable(data) else pointer
    items = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    for key, value in items:
        if isinstance(key, str) and not is_storable(key):
            return pointer
        found = unstorable_pointer(value, pointer_to(pointer, key))
        if found is not None:
            return found
    return None


def unreadable_text(pointer: str) -> MalformedBody:
    return MalformedBody(
        "A text has U+0000 or half of a surrogate pair, which no one can read.", pointer=pointer
    )


class StrictJSONParser(BaseParser):
    """DRF's door to :func:`load_json`; refuses what no column can hold."""

    media_type = "application/json"
    checks_texts: ClassVar[bool] = True

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise RequestDataTooBig
        data = load_json(raw)
        if self.checks_texts and _SUSPECT_ESCAPE.search(raw):
            pointer = unstorable_pointer(data)
            if pointer is not None:
                raise unreadable_text(pointer)
        return data


class RecipientJSONParser(StrictJSONParser):
    """Leaves unprintable texts to the view, which fails single recipients for them."""

    checks_texts = False
