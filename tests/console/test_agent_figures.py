"""Who waits, and how soon people were answered, by skill and agent: for who manages agents."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from accounts.models import Role
from conversations.figures import Answers, by_author, lines_now, people_now, spread
from conversations.models import Presence
from conversations.services import (
    accept_conversation,
    add_agent_message,
    note_seen,
    receive_message,
    set_presence,
)
from tests.factories.accounts import AccountFactory, SkillFactory, member
from tests.factories.consumers import ConsumerFactory

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 20)
# 23:30 UTC on the 19th is the 20th in Stockholm.
NOON = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)


@pytest.fixture
def account():
    account = AccountFactory(time_zone="Europe/Stockholm")
    account.default_skill = SkillFactory(account=account, name="Billing", target_minutes=5)
    account.save()
    return account


def talk(account, *, at, after=None, by="ann@x.example"):
    """Somebody writes; after so many seconds they are answered."""
    consumer = ConsumerFactory(account=account)
    found = receive_message(account=account, consumer=consumer, text="Hi", now=at).conversation
    if after is not None:
        accept_conversation(conversation=found, by=by, now=at)
        at += timedelta(seconds=after)
        add_agent_message(conversation=found, text="Hello", by=by, now=at)
    return found


def test_what_stands_of_a_skill_now(account):
    now = NOON + timedelta(hours=1)
    talk(account, at=NOON)
    talk(account, at=NOON + timedelta(minutes=2))
    talk(account, at=NOON, after=60)
    talk(account, at=NOON - timedelta(days=2), after=60)

    (line,) = lines_now(account, now=now)

    assert (line.name, line.open, line.waiting, line.answered) == ("Billing", 4, 2, 1)
    assert line.oldest == NOON


def test_half_and_nine_in_ten_are_answered_within_by_skill_day_and_agent(account):
    for seconds in (10, 20, 30, 40, 50):
        talk(account, at=NOON, after=seconds)
    talk(account, at=NOON - timedelta(days=3), after=999)

    found = spread(account, DAY, DAY)

    expected = Answers(5, 30.0, 46.0)
    assert found.total == expected
    assert found.by_skill == {account.default_skill_id: expected}
    assert found.by_day == {DAY: expected}
    assert by_author(account, DAY, DAY) == {"ann@x.example": expected}


def test_who_spoke_first_answered_whoever_has_it_now(account):
    one = talk(account, at=NOON, after=10, by="bot")
    add_agent_message(conversation=one, text="I help", by="ann@x.example", now=NOON)

    assert list(by_author(account, DAY, DAY)) == ["bot"]


def test_another_brands_conversations_are_in_no_figure(account):
    other = AccountFactory()
    other.default_skill = SkillFactory(account=other)
    other.save()
    talk(other, at=NOON, after=10)

    assert spread(account, DAY, DAY).total == Answers()
    assert [line.open for line in lines_now(account, now=NOON)] == [0]


def test_people_are_there_while_their_workspace_is_open(account):
    now = timezone.now()
    amir = member(Role.AGENT, account, name="Amir")
    agnes = member(Role.AGENT_MANAGER, account, name="Agnes")
    priya = member(Role.AGENT, account, name="Priya")
    member(Role.CAMPAIGN_MANAGER, account, name="Carl")
    note_seen(account=account, user=amir, now=now - timedelta(minutes=5))
    set_presence(account=account, user=agnes, state=Presence.AWAY, now=now)
    note_seen(account=account, user=agnes, now=now)
    note_seen(account=account, user=priya, now=now)

    found = [(person.name, person.words) for person in people_now(account, now=now)]

    assert found == [("Agnes", "Away"), ("Priya", "Available"), ("Amir", "Not here")]


def test_the_page_has_them_all(client, account):
    agnes = member(Role.AGENT_MANAGER, account, email="agnes@x.example", name="Agnes Holm")
    talk(account, at=timezone.now(), after=70, by=agnes)
    client.force_login(agnes)

    page = client.get(reverse("workspace_figures", args=[account.number]), {"range": "today"})

    assertContains(page, "Agnes Holm", count=4)
    assertContains(page, '<td class="n" data-l="Median">1 min</td>', count=2)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_of_no_calendar_is_answered_with_the_last_30_days(client, account, day):
    client.force_login(member(Role.AGENT_MANAGER, account))

    page = client.get(reverse("workspace_figures", args=[account.number]), {"from": day, "to": day})

    assertContains(page, "the last 30 days are shown")


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_costs_the_same_however_much_there_is(
    client, account, rows, django_assert_num_queries
):
    for _ in range(rows):
        member(Role.AGENT, account)
        SkillFactory(account=account)
        talk(account, at=timezone.now(), after=5, by=f"{rows}@x.example")
    client.force_login(member(Role.AGENT_MANAGER, account))

    with django_assert_num_queries(8):
        client.get(reverse("workspace_figures", args=[account.number]))
