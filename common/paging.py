"""Lists on pages, the newest first: some rows, and the links to those beside them."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

SIZE = 50
OLDER, NEWER = "older", "newer"

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """``newer`` and ``older`` are query strings with their question mark, or empty."""

    rows: list[Row]
    newer: str
    older: str


def read_rows(
    rows: "QuerySet[Row]",
    query: QueryDict,
    *,
    by: str = "pk",
    size: int = SIZE,
    is_ascending: bool = False,
) -> Page[Row]:
    """The page that the query names: ``older`` or ``newer`` than a row of the same list.

    Ordered by the field ``by`` and then the key, the last first; ``is_ascending`` turns that round,
    for lists where time is not the order. A row that is not in the list means the first page.
    """
    is_back = NEWER in query
    anchor = _anchor(rows, query.get(NEWER if is_back else OLDER, ""), by)
    if anchor is not None:
        rows = rows.filter(_beside(by, anchor, "gt" if is_back != is_ascending else "lt"))
    is_back = is_back and anchor is not None
    sign = "" if is_back != is_ascending else "-"
    found = list(rows.order_by(f"{sign}{by}", f"{sign}pk")[: size + 1])
    has_more = len(found) > size
    shown = found[size - 1 :: -1] if is_back else found[:size]
    has_newer = has_more if is_back else anchor is not None
    has_older = has_more or is_back
    return Page(
        shown,
        _link(query, NEWER, shown[0].pk) if shown and has_newer else "",
        _link(query, OLDER, shown[-1].pk) if shown and has_older else "",
    )


def query_without(query: QueryDict, *names: str) -> str:
    """The page's own query without a filter, from the newest row on: what a pill's × leads to."""
    kept = query.copy()
    for name in (*names, OLDER, NEWER):
        kept.pop(name, None)
    return f"?{kept.urlencode()}"


def _link(query: QueryDict, name: str, pk: int) -> str:
    kept = query.copy()
    for other in (OLDER, NEWER):
        kept.pop(other, None)
    kept[name] = str(pk)
    return f"?{kept.urlencode()}"


def _anchor(rows: "QuerySet[Row]", given: str, by: str) -> tuple[Any, int] | None:
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        return None
    return rows.filter(pk=int(given)).values_list(by, "pk").first()


def _beside(by: str, anchor: tuple[Any, int], sign: str) -> Q:
    value, pk = anchor
    # The first half alone lets an index find the place.
    reached = Q(**{f"{by}__{sign}e": value})
    return reached & (Q(**{f"{by}__{sign}": value}) | Q(**{f"pk__{sign}": pk}))
