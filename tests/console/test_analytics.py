"""G2: analytics as a page and a file: ranges, filters in the URL, one number of queries."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from common import ranges
from console.analytics import charts
from tests.world import World, make_world

THURSDAY = date(2026, 11, 26)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def visitor(world: World) -> Client:
    client = Client()
    client.force_login(world.campaign_manager)
    return client


def page(world: World, visitor: Client, query: str = "") -> Any:
    return visitor.get(f"/account/{world.account.number}/analytics/{query}")


def test_the_page_tells_what_was_sent_and_what_became_of_it(world: World, visitor: Client) -> None:
    world.brand.send({"ingrid": "Hi", "nobody": "Hi"})

    answer = page(world, visitor)

    by_state = {one["measure"].state: one["total"] for one in answer.context["charts"]}
    assert by_state == {"sent": 1, "delivered": 0, "opened": 0, "replied": 0}
    text = answer.content.decode()
    assert "50.0\u202f% of accepted" in text
    assert "The person has never signed in to the app." in text


@pytest.mark.parametrize("campaigns", [1, 3])
def test_one_number_of_queries_however_much_was_sent(
    world: World, visitor: Client, campaigns: int, django_assert_num_queries: Any
) -> None:
    for _ in range(campaigns):
        world.brand.send({"ingrid": "Hi", "kola": "Hi"})
    page(world, visitor)

    with django_assert_num_queries(9):
        page(world, visitor)


@pytest.mark.parametrize(
    ("key", "first"),
    [
        ("today", date(2026, 11, 26)),
        ("week", date(2026, 11, 23)),
        ("month", date(2026, 11, 1)),
        ("7d", date(2026, 11, 20)),
        ("30d", date(2026, 10, 28)),
        ("60d", date(2026, 9, 28)),
        ("90d", date(2026, 8, 29)),
        ("year", date(2026, 1, 1)),
        ("nonsense", date(2026, 10, 28)),
    ],
)
def test_presets_end_today(key: str, first: date) -> None:
    found = ranges.preset(key, THURSDAY)

    assert (found.first, found.last) == (first, THURSDAY)


@pytest.mark.parametrize(
    "query", ["?from=2026-11-03", "?from=x&to=y", "?from=2020-01-01&to=2026-01-01"]
)
def test_days_that_are_none_are_named_and_the_last_30_shown(
    world: World, visitor: Client, query: str
) -> None:
    answer = page(world, visitor, query)

    assert "Give a first and a last day" in answer.content.decode()
    assert len(answer.context["range"].days) == 30


def test_filters_narrow_and_each_can_be_taken_away(world: World, visitor: Client) -> None:
    world.brand.send({"ingrid": "Hi"})
    none = page(world, visitor, "?skill=Support&range=7d")
    some = page(world, visitor, f"?handoff={world.brand.handoff.public_id}&skill=Billing")

    assert none.context["total"]["sent"] == 0
    assert some.context["total"]["sent"] == 1
    assert 'href="?range=7d" aria-label="Remove filter: Skill"' in none.content.decode()


def test_a_filter_that_names_another_brands_handoff_is_left_out(
    world: World, visitor: Client
) -> None:
    other = make_world(name="Other", mail="other.example")

    answer = page(world, visitor, f"?handoff={other.brand.handoff.public_id}&app=com.other&skill=x")

    assert answer.context["filters"] == []


def test_the_file_has_a_line_for_each_day(world: World, visitor: Client) -> None:
    world.brand.send({"ingrid": "Hi"})

    answer = visitor.get(f"/account/{world.account.number}/analytics.csv?range=7d")

    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0].startswith('"day","accepted","sent","delivered","opened","replied"')
    assert len(lines) == 8
    assert lines[-1].startswith(f'"{timezone.now().date()}","1","1","0"')


def test_many_days_are_drawn_by_the_week_or_the_month() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]

    by_week = charts.columns(days, [1] * 365)
    by_month = charts.columns(
        [*days, *(days[-1] + timedelta(days=n) for n in range(1, 100))], [1] * 464
    )

    assert (by_week.unit, by_week.highest) == ("week", 7)
    assert (by_month.unit, by_month.highest) == ("month", 31)
    assert sum(one.value for one in by_week.columns) == 365


def test_columns_of_nothing_have_no_height() -> None:
    drawn = charts.columns([THURSDAY], [0])

    assert drawn.columns[0].height == "0.000%"
