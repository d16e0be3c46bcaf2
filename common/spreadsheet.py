"""CSV by RFC 4180 whose cells no spreadsheet takes for formulas."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

# What spreadsheets begin a formula with, in half and full width, and what they skip before it.
_FORMULA = re.compile("[\\s\0\u200b\ufeff]*[=+\\-@＝＋－＠]|[ \0\u00a0\u3000\u200b\ufeff]*[\t\r\n]")


def cell(value: Any) -> str:
    """None is empty; what a spreadsheet would compute begins with an apostrophe."""
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) else text


class _Echo:
    """What `csv.writer` writes to: hands each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Each line with its CRLF, the header first; every cell is quoted."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def csv_response(lines: Iterable[str], name: str) -> StreamingHttpResponse:
    """A file that is sent as it is written; ``name`` needs no quoting."""
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
