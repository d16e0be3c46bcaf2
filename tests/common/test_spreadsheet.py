"""What leaves as CSV: RFC 4180, and no formula (S4)."""

import csv
import io

import pytest

from common.spreadsheet import cell, csv_lines


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
@pytest.mark.parametrize("before", ["", " ", "   ", "\u00a0", "\u3000", "\u200b", "\ufeff"])
def test_what_a_spreadsheet_would_compute_begins_with_an_apostrophe(start, before):
    text = f"{before}{start}HYPERLINK(1)"

    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    ["Hi =1+1", " Hi", "100 - 5", "ana@brand.example", "'=1", "", "٣", "👩‍👩‍👧", "a\tb\r\nc"],
)
def test_everything_else_stays_as_it_is(text):
    assert cell(text) == text


def test_nothing_is_an_empty_cell_and_numbers_are_digits():
    assert [cell(value) for value in (None, 0, 12)] == ["", "0", "12"]


def test_quotes_commas_and_line_breaks_come_back_as_they_went():
    rows = [['He said "no", twice', "line\r\nbreak", "a,b"], ["", "ö", "日本"]]

    text = "".join(csv_lines(["one", "two", "three"], rows))

    assert text.startswith('"one","two","three"\r\n')
    assert text.endswith("\r\n")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["one", "two", "three"], *rows]
