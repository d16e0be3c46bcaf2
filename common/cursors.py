"""Pages by key: a cursor names the last row seen, so that no page is skipped or scanned twice."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from common.errors import FieldError, InvalidRequest

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000
# Eight bytes in base64url: the primary key of the last row, which fits into 63 bits.
CURSOR_PATTERN = "^[A-Za-f][A-Za-z0-9_-]{9}[AEIMQUYcgkosw048]$"

Row = TypeVar("Row", bound=Model)


def read_page(
    rows: "QuerySet[Row]", query: Mapping[str, str], *, newest_first: bool
) -> tuple[list[Row], dict[str, Any]]:
    """One page of rows by primary key, and ``{"limit", "nextCursor"}``.

    :raises InvalidRequest: ``limit`` or ``cursor`` is not one.
    """
    limit = _read_limit(query.get("limit"))
    last = _read_cursor(query.get("cursor"))
    if last is not None:
        rows = rows.filter(pk__lt=last) if newest_first else rows.filter(pk__gt=last)
    found = list(rows.order_by("-pk" if newest_first else "pk")[: limit + 1])
    page = found[:limit]
    has_more = len(found) > limit
    return page, {"limit": limit, "nextCursor": _write_cursor(page[-1].pk) if has_more else None}


def _read_limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_LIMIT
    if given.isascii() and given.isdigit() and len(given) <= 4 and 1 <= int(given) <= MAX_LIMIT:
        return int(given)
    raise InvalidRequest([FieldError("/limit", "out_of_range", f"limit must be 1 to {MAX_LIMIT}.")])


def _write_cursor(pk: int) -> str:
    return urlsafe_b64encode(pk.to_bytes(8, "big")).decode().rstrip("=")


def _read_cursor(given: str | None) -> int | None:
    if given is None:
        return None
    if not re.fullmatch(CURSOR_PATTERN, given):
        raise InvalidRequest(
            [
                FieldError(
                    "/cursor", "invalid_cursor", "Use nextCursor of the page before, as it is."
                )
            ]
        )
    return int.from_bytes(urlsafe_b64decode(given + "="), "big")
