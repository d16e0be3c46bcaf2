"""Query strings: what is wrong is named, all of it at once."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from common.errors import InvalidRequest
from common.query import Query


def pointers(query):
    with pytest.raises(InvalidRequest) as refused:
        query.raise_if_invalid()
    return [(error.pointer, error.key) for error in refused.value.errors]


@pytest.mark.parametrize(
    ("given", "instant"),
    [
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23T19:00:00Z", datetime(2026, 11, 23, 19, tzinfo=UTC)),
        ("2026-11-23T19:00:00", datetime(2026, 11, 23, 19, tzinfo=UTC)),
        ("2026-11-23T19:00:00+01:00", datetime(2026, 11, 23, 18, tzinfo=UTC)),
        ("2026-11-23T19:00:00 01:00", datetime(2026, 11, 23, 18, tzinfo=UTC)),
        # Before and after all that a calendar of UTC has: its edge.
        ("0001-01-01T00:00:00+14:00", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59-14:00", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_time_is_an_instant_and_a_day_its_first(given, instant):
    assert Query({"from": given}).instant("from") == instant


@pytest.mark.parametrize("given", ["", "yesterday", "2026-02-30", "\0", "1" * 9999])
def test_what_is_no_time_is_refused(given):
    query = Query({"from": given})
    query.instant("from")

    assert pointers(query) == [("/from", "not_a_time")]


def test_milliseconds_are_exact():
    query = Query({"start": "1633305600123"})

    assert query.milliseconds("start") == datetime(2021, 10, 4, 0, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize("given", ["", "-1", "1.5", "1e3", "٣", "253402300800000", "9" * 5000])
def test_milliseconds_that_no_calendar_has_are_refused(given):
    query = Query({"start": given})
    query.milliseconds("start")

    assert pointers(query) == [("/start", "out_of_range")]


def test_an_id_is_read_in_either_spelling_and_nothing_else_is_one():
    told = "01a209db-99ca-740c-ad77-7f42c9f2f018"
    for given in (told, told.replace("-", "")):
        assert Query({"after": given}).uuid("after") == UUID(told)
    for given in ("", "7", "\0" * 32):
        query = Query({"after": given})
        query.uuid("after")
        assert pointers(query) == [("/after", "not_an_id")]


def test_every_wrong_parameter_is_named():
    query = Query({"name": "x" * 256, "skill": "a\0", "status": "no", "limit": "0", "v": "3"})
    query.text("name")
    query.text("skill")
    query.choice("status", ["sent"])
    query.number("limit", least=1, most=10, default=5)
    query.milliseconds("start")
    query.version("v", ("1",))

    assert pointers(query) == [
        ("/name", "too_long"),
        ("/skill", "invalid_character"),
        ("/status", "not_a_choice"),
        ("/limit", "out_of_range"),
        ("/start", "required"),
        ("/v", "unknown_version"),
    ]


def test_what_is_absent_is_none_or_the_default():
    query = Query({})

    assert query.text("name") is query.instant("from") is query.choice("status", ["sent"]) is None
    assert query.number("limit", least=1, most=10, default=5) == 5
    query.version("v", ("1",))
    query.raise_if_invalid()
