"""Pages by key: a cursor names the last row seen, so that no page is skipped or scanned twice."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from common.errors import FieldError, InvalidRequest

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000
# Eight bytes in base64url: the primary key of the last row, which fits into 63 bits.
CURSOR_PATTERN = "^[A-Za-f][A-Za-z0-9_-]{9}[AEIMQUYcgkosw048]$"
# A time in microseconds since 1970 and a primary key; all of them are such.
TIME_CURSOR_PATTERN = "^[0-9]{1,17}-[0-9]{1,18}$"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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


def read_newest_page(
    rows: "QuerySet[Row]", query: Mapping[str, str], *, by: str
) -> tuple[list[Row], dict[str, Any]]:
    """As `read_page`, the newest first by the time ``by``, of the same instant by primary key.

    :raises InvalidRequest: ``limit`` or ``cursor`` is not one.
    """
    limit = _read_limit(query.get("limit"))
    last = _read_time_cursor(query.get("cursor"))
    if last is not None:
        at, pk = last
        # The first condition is where an index begins; the second leaves out what was shown.
        rows = rows.filter(**{f"{by}__lte": at}).exclude(Q(**{by: at}, pk__gte=pk))
    found = list(rows.order_by(f"-{by}", "-pk")[: limit + 1])
    page = found[:limit]
    cursor = None
    if len(found) > limit:
        cursor = f"{(getattr(page[-1], by) - EPOCH) // timedelta(microseconds=1)}-{page[-1].pk}"
    return page, {"limit": limit, "nextCursor": cursor}


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
    _check_cursor(given, CURSOR_PATTERN)
    return int.from_bytes(urlsafe_b64decode(given + "="), "big")


def _read_time_cursor(given: str | None) -> tuple[datetime, int] | None:
    if given is None:
        return None
    _check_cursor(given, TIME_CURSOR_PATTERN)
    microseconds, pk = given.split("-")
    return EPOCH + timedelta(microseconds=int(microseconds)), int(pk)


def _check_cursor(given: str, pattern: str) -> None:
    """:raises InvalidRequest: it is none that was given."""
    if not re.fullmatch(pattern, given):
        raise InvalidRequest(
            [
                FieldError(
                    "/cursor", "invalid_cursor", "Use nextCursor of the page before, as it is."
                )
            ]
        )
