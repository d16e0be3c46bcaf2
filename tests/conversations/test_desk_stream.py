"""E6: the workspace is told of what changes, while the person may sit there."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from accounts.roles import ANSWER_CONVERSATIONS
from accounts.services import revoke_role
from common.event_stream import BEAT, places
from conversations import desk_stream
from conversations.live import tell_typing
from conversations.models import AgentPresence, Presence, Sender
from conversations.seats import Seat, seat_of
from conversations.services import (
    accept_conversation,
    close_conversation,
    receive_message,
    set_presence,
)
from tests.factories.accounts import SkillFactory, member
from tests.factories.consumers import ConsumerFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agent(account, billing):
    agent = member(Role.AGENT, account, email="amir@brand.example")
    agent.memberships.get().skills.add(billing)
    account.default_skill = billing
    account.save()
    return agent


@pytest.fixture
def seat(agent, account):
    return seat_of(account, agent, {ANSWER_CONVERSATIONS})


def write(account, text="Hello"):
    consumer = ConsumerFactory(account=account)
    now = timezone.now()
    return receive_message(account=account, consumer=consumer, text=text, now=now).conversation


def told(events: Iterator[Any]) -> tuple[str, dict[str, Any]]:
    """The next thing that is news."""
    event = next(event for event in events if event is not BEAT)
    data = {name: value for name, value in event.data.items() if name != "mark"}
    return event.name, data


def test_who_arrives_is_told_and_who_was_accepted_waits_no_more(account, seat):
    write(account)
    with closing(desk_stream.desk_events(seat, renewed=lambda: seat)) as events:
        assert told(events) == ("queue", {"waiting": 1, "arrived": 0})

        talk = write(account)
        assert told(events) == ("queue", {"waiting": 2, "arrived": 1})

        accept_conversation(conversation=talk, by="priya@brand.example", now=timezone.now())
        assert told(events) == ("queue", {"waiting": 1, "arrived": 0})


def test_of_more_conversations_than_are_told_apart_the_newest_are(account, seat, monkeypatch):
    monkeypatch.setattr(desk_stream, "MOST_SEEN", 2)
    for _ in range(3):
        write(account)
    with closing(desk_stream.desk_events(seat, renewed=lambda: seat)) as events:
        assert told(events) == ("queue", {"waiting": 3, "arrived": 0})

        newest = write(account)
        assert told(events) == ("queue", {"waiting": 4, "arrived": 1})

        close_conversation(conversation=newest, by="priya@brand.example", now=timezone.now())
        assert told(events) == ("queue", {"waiting": 3, "arrived": 0})


def test_other_skills_are_told_of_nothing(account, seat):
    own = write(account)
    account.default_skill = SkillFactory(account=account)
    account.save()
    with closing(desk_stream.desk_events(seat, renewed=lambda: seat)) as events:
        told(events)
        tell_typing(write(account), sender=Sender.CONSUMER, is_typing=True)
        tell_typing(own, sender=Sender.CONSUMER, is_typing=True)

        assert told(events) == ("typing", {"conversation": str(own.public_id), "isTyping": True})


def test_a_hint_that_was_lost_only_delays(account, seat, monkeypatch):
    monkeypatch.setattr(desk_stream, "BEAT_SECONDS", 0.2)
    monkeypatch.setattr("conversations.live.tell", lambda *args, **kwargs: None)
    with closing(desk_stream.desk_events(seat, renewed=lambda: seat)) as events:
        told(events)
        write(account)

        assert told(events) == ("queue", {"waiting": 1, "arrived": 1})


def test_the_stream_ends_with_the_seat(seat, monkeypatch):
    monkeypatch.setattr(desk_stream, "BEAT_SECONDS", 0.2)
    seats: list[Seat | None] = [seat, None]

    assert len(list(desk_stream.desk_events(seat, renewed=lambda: seats.pop(0)))) == 1


def test_a_page_that_takes_no_events_holds_no_connection(seat):
    with closing(desk_stream.desk_events(seat, renewed=lambda: seat)) as events:
        assert next(events).name == "queue"
        assert connection.connection is None


def test_an_open_workspace_says_that_the_agent_is_there_as_they_said_themselves(
    account, agent, seat
):
    set_presence(account=account, user=agent, state=Presence.AWAY, now=timezone.now())
    before = AgentPresence.objects.get().seen_at

    with closing(desk_stream.desk_events(seat, renewed=lambda: seat)) as events:
        told(events)

    presence = AgentPresence.objects.get()
    assert (presence.state, presence.seen_at > before) == (Presence.AWAY, True)


@pytest.mark.parametrize("how", ["sign_out", "role", "sessions"])
def test_who_may_sit_there_no_more_is_told_nothing_more(account, agent, monkeypatch, how):
    monkeypatch.setattr(desk_stream, "BEAT_SECONDS", 0.1)
    browser = Client()
    browser.force_login(agent)
    taken = places.taken
    answer = browser.get(reverse("workspace_live", args=[account.number]))
    lines = iter(answer.streaming_content)
    assert b"event: queue" in next(lines)

    if how == "sign_out":
        browser.post("/sign-out/")
    elif how == "role":
        revoke_role(user=agent, account=account, by="tests")
    else:
        agent.end_sessions()

    assert all(line == b": beat\n\n" for line in lines)
    assert places.taken <= taken


def test_where_no_stream_fits_the_page_is_asked_to_come_again(account, agent, settings):
    settings.LIVE_STREAMS = 0
    browser = Client()
    browser.force_login(agent)

    answer = browser.get(reverse("workspace_live", args=[account.number]))

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_the_stream_ends_where_the_database_is_away(seat, monkeypatch):
    """D8: the page asks again by itself."""
    monkeypatch.setattr(desk_stream, "BEAT_SECONDS", 0.1)
    with closing(desk_stream.desk_events(seat, renewed=lambda: seat)) as events:
        assert next(events).name == "queue"
        with monkeypatch.context() as away:
            away.setitem(connection.settings_dict, "HOST", "/nowhere")
            assert list(events) == []


def test_the_stream_is_only_read(account, agent):
    browser = Client()
    browser.force_login(agent)

    assert browser.head(reverse("workspace_live", args=[account.number])).status_code == 405


def test_a_page_knows_what_it_was_made_from(account, agent, seat):
    write(account)
    browser = Client()
    browser.force_login(agent)
    page = browser.get(reverse("workspace", args=[account.number])).content.decode()

    with closing(desk_stream.desk_events(seat, renewed=lambda: seat)) as events:
        first = next(events)

    assert f'data-seen="{first.data["mark"]}"' in page
