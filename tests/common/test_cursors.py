"""Pages by key."""

import pytest

from accounts.models import Skill
from common.cursors import read_page
from common.errors import InvalidRequest
from tests.factories.accounts import AccountFactory, SkillFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def names():
    account = AccountFactory()
    return [SkillFactory(account=account, name=f"s{n}").name for n in range(5)]


def walk(limit, *, newest_first):
    query, pages = {"limit": str(limit)}, []
    while True:
        page, place = read_page(Skill.objects.all(), query, newest_first=newest_first)
        pages.append([skill.name for skill in page])
        assert place["limit"] == limit
        if place["nextCursor"] is None:
            return pages
        query["cursor"] = place["nextCursor"]


def test_pages_follow_each_other_with_no_gap_and_no_repeat(names):
    s0, s1, s2, s3, s4 = names

    assert walk(2, newest_first=False) == [[s0, s1], [s2, s3], [s4]]
    assert walk(2, newest_first=True) == [[s4, s3], [s2, s1], [s0]]
    assert walk(4, newest_first=False) == [[s0, s1, s2, s3], [s4]]


def test_a_full_last_page_has_no_next(names):
    assert walk(5, newest_first=False) == [names]


def test_no_rows_are_one_empty_page():
    assert walk(5, newest_first=True) == [[]]


def test_a_page_has_fifty_rows_unless_told():
    _, place = read_page(Skill.objects.all(), {}, newest_first=True)

    assert place == {"limit": 50, "nextCursor": None}


def test_rows_that_come_or_go_between_pages_move_none(names):
    page, place = read_page(Skill.objects.all(), {"limit": "2"}, newest_first=False)
    Skill.objects.filter(name=names[0]).delete()

    query = {"limit": "2", "cursor": place["nextCursor"]}
    following, _ = read_page(Skill.objects.all(), query, newest_first=False)

    assert [skill.name for skill in following] == names[2:4]


@pytest.mark.parametrize(
    "limit", ["", "0", "1001", "-1", "1.0", " 5", "5 ", "٣", "²", "0x5", "\0", "00001" + "0" * 5000]
)
def test_a_limit_is_a_number_from_1_to_1000(limit):
    with pytest.raises(InvalidRequest, match="limit must be 1 to 1000"):
        read_page(Skill.objects.all(), {"limit": limit}, newest_first=True)


@pytest.mark.parametrize("cursor", ["", "1", "AAAA", "é", "\0", "A" * 12, "A" * 9])
def test_a_cursor_is_one_that_was_given(cursor):
    with pytest.raises(InvalidRequest, match="nextCursor"):
        read_page(Skill.objects.all(), {"cursor": cursor}, newest_first=True)
