"""The SDK's stream: what happens in the dialog is told as it happens, and what was missed first."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from common.event_stream import places
from consumers.models import Consumer
from conversations.api import event_feed
from conversations.live import is_watching, tell_typing
from conversations.models import Conversation, Message, MessageState, Sender
from conversations.services import (
    add_agent_message,
    close_conversation,
    mark_read,
    receive_message,
    set_route_states,
)
from tests.consumers import tokens
from tests.conversations.streams import BEAT, Told, opened
from tests.factories.accounts import AppFactory
from tests.factories.conversations import ReplyRouteFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def talk(account, anna):
    return say(account, anna, "Hi").conversation


def say(account, consumer, text):
    return receive_message(account=account, consumer=consumer, text=text, now=timezone.now())


def answer(conversation, text):
    now = timezone.now()
    return add_agent_message(conversation=conversation, text=text, by="ann@x.example", now=now)


def test_agent_s_words_reach_the_app_live_with_an_id_to_go_on_from(sdk, talk):
    with opened(sdk) as stream:
        assert stream.next() == BEAT
        said = answer(talk, "Hello 👋")

        message, read, unread = stream.news(3)

    assert message == Told(
        "message",
        {
            "messageId": str(said.public_id),
            "sender": "agent",
            "text": "Hello 👋",
            "sentAt": said.sent_at.isoformat(),
            "clientMessageId": None,
        },
        str(said.public_id),
    )
    assert read == Told("read", {"messageId": str(said.public_id)})
    assert unread == Told("unread", {"unread": 1})


def test_without_a_place_to_go_on_from_only_what_is_new_is_told(sdk, account, anna, talk):
    answer(talk, "Before")
    ReplyRouteFactory(account=account, consumer_ref="anna")

    with opened(sdk) as stream:
        assert stream.next() == BEAT
        answer(talk, "After")
        told = stream.news(3)

    assert [one.name for one in told] == ["message", "read", "unread"]
    assert told[0].data["text"] == "After"


@pytest.mark.parametrize("by_header", [True, False])
def test_app_that_goes_on_is_told_first_what_it_missed_in_order(sdk, talk, by_header):
    last = answer(talk, "One")
    missed = [answer(talk, "Two"), say(talk.account, talk.consumer, "Three").message]
    place = {"path": "events", "Last-Event-ID": str(last.public_id)}
    if not by_header:
        place = {"path": f"events?after={last.public_id}"}

    with opened(sdk, **place) as stream:
        told = stream.news(5)
        live = answer(talk, "Four")
        new = stream.news(1)

    assert [one.id for one in told[:2]] == [str(one.public_id) for one in missed]
    assert [one.name for one in told[2:]] == ["conversation", "read", "unread"]
    assert [one.id for one in new] == [str(live.public_id)]


def test_app_may_go_on_from_an_outbound_message(sdk, account, talk):
    now = timezone.now()
    long_ago, *later = (
        ReplyRouteFactory(account=account, consumer_ref="anna", sent_at=now - timedelta(hours=h))
        for h in (3, 2, 1)
    )

    with opened(sdk, f"events?after={long_ago.message_id.hex}") as stream:
        told = stream.news(2)

    assert {one.id for one in told} == {route.message_id.hex for route in later}
    assert {one.name for one in told} == {"outbound"}


def test_outbound_message_is_told_when_it_was_sent_and_unread_when_it_was_opened(
    sdk, account, anna
):
    route = ReplyRouteFactory(account=account, consumer_ref="anna", state="waiting", sent_at=None)
    now = timezone.now()

    with opened(sdk) as stream:
        assert stream.next() == BEAT
        set_route_states(message_ids=[route.message_id], state=MessageState.SENT, now=now)
        outbound, unread = stream.news(2)
        set_route_states(message_ids=[route.message_id], state=MessageState.OPENED, now=now)
        none_left = stream.news(1)

    assert (outbound.name, outbound.id) == ("outbound", route.message_id.hex)
    assert outbound.data == sdk.get("messages").json()["messages"][0] | {"openedAt": None}
    assert (unread.data, none_left[0].data) == ({"unread": 1}, {"unread": 0})


def test_typing_of_the_agent_is_told_and_the_consumer_s_own_is_not(sdk, talk):
    with opened(sdk) as stream:
        assert stream.next() == BEAT
        tell_typing(talk, sender=Sender.CONSUMER, is_typing=True)
        tell_typing(talk, sender=Sender.AGENT, is_typing=True)
        tell_typing(talk, sender=Sender.AGENT, is_typing=False)
        told = stream.news(2)

    assert told == [Told("typing", {"isTyping": True}), Told("typing", {"isTyping": False})]


def test_app_is_told_what_the_agent_has_read_and_that_the_conversation_is_closed(sdk, talk):
    message = Message.objects.get()

    with opened(sdk) as stream:
        assert stream.next() == BEAT
        mark_read(conversation=talk, reader=Sender.AGENT)
        read = stream.news(1)
        close_conversation(conversation=talk, by="ann@x.example", now=timezone.now())
        closed = stream.news(1)

    assert read == [Told("read", {"messageId": str(message.public_id)})]
    assert (closed[0].name, closed[0].data["state"]) == ("conversation", "closed")
    assert closed[0].data == sdk.get("dialog").json()["conversation"]


def test_another_device_s_words_are_told_and_another_consumer_s_are_not(sdk, talk):
    with opened(sdk) as stream:
        assert stream.next() == BEAT
        sdk.signed_in("bo").post("replies", {"text": "Not yours"})
        sdk.post("replies", {"text": "From the tablet", "clientMessageId": "t-1"})
        (told,) = stream.news(1)

    assert (told.data["text"], told.data["clientMessageId"]) == ("From the tablet", "t-1")


def test_stream_of_somebody_unknown_creates_nobody_and_begins_with_the_first_reply(
    sdk, monkeypatch
):
    monkeypatch.setattr(event_feed, "LOOK_WHILE_DEAF", timedelta(seconds=0.05))

    with opened(sdk) as stream:
        assert stream.next() == BEAT
        assert not Consumer.objects.exists()
        sdk.post("replies", {"text": "Hi"})
        told = stream.news(2)

    assert [one.name for one in told] == ["message", "conversation"]


def test_lost_hint_delays_a_message_and_loses_none(sdk, talk, monkeypatch):
    """D6: what is written without a hint is found by looking."""
    monkeypatch.setattr(event_feed, "LOOK_AGAIN", timedelta(seconds=0.2))

    with opened(sdk) as stream:
        assert stream.next() == BEAT
        message = Message.objects.create(
            account=talk.account, conversation=talk, sender=Sender.AGENT, text="Unheard"
        )
        told = stream.news(1)

    assert told[0].id == str(message.public_id)


def test_stream_outlives_a_database_that_is_away_for_a_while(sdk, talk, monkeypatch):
    """D8: it beats on, and tells what was said meanwhile."""
    monkeypatch.setattr(event_feed, "LOOK_AGAIN", timedelta(seconds=0.1))
    monkeypatch.setattr(event_feed, "LOOK_WHILE_DEAF", timedelta(seconds=0.1))

    with opened(sdk) as stream:
        assert stream.next() == BEAT
        said = answer(talk, "Meanwhile")
        connection.close()
        with monkeypatch.context() as away:
            away.setitem(connection.settings_dict, "HOST", "/nowhere")
            beats = [stream.next(), stream.next()]
        told = stream.news(1)

    assert beats == [BEAT, BEAT]
    assert told[0].id == str(said.public_id)


def test_app_that_takes_no_events_holds_no_connection(sdk, talk):
    """Else a handful of them would hold those that all requests of the process share."""
    last = answer(talk, "One")
    answer(talk, "Two")

    with opened(sdk, f"events?after={last.public_id}") as stream:
        assert stream.next().name == "message"
        assert connection.connection is None


def test_stream_ends_with_its_token(sdk, talk):
    """C1: a minute after it, as any request with it would be refused."""
    now = int(time.time())
    old = sdk.bearing(tokens.sign(tokens.claims(iat=now - 600, exp=now - 58)))

    with opened(old) as stream:
        assert stream.rest() == [Told("expired", {})]

    assert old.get("events").json()["reason"] == "token_expired"
    assert not is_watching(talk.consumer_id)


def test_stream_that_is_old_ends_without_a_word_and_is_opened_anew(sdk, talk, settings):
    settings.LIVE_STREAM_SECONDS = 0.2

    with opened(sdk) as stream:
        assert stream.rest() == []


def test_consumer_s_oldest_stream_ends_where_there_are_too_many(sdk, talk, monkeypatch):
    monkeypatch.setattr(event_feed, "MOST_STREAMS", 1)

    with opened(sdk) as first, opened(sdk) as second:
        assert first.next() == BEAT
        assert second.next() == BEAT
        answer(talk, "Hello")

        assert first.rest()[-1] == Told("replaced", {})
        assert second.news(1)[0].name == "message"


def test_somebody_unknown_takes_no_more_places_than_others(sdk, monkeypatch):
    monkeypatch.setattr(event_feed, "MOST_STREAMS", 1)

    with opened(sdk) as first, opened(sdk) as second:
        assert first.next() == BEAT
        assert second.next() == BEAT
        assert first.rest() == [Told("replaced", {})]


def test_app_is_known_to_be_there_while_its_stream_is_open(sdk, talk):
    with opened(sdk) as stream:
        stream.next()
        assert is_watching(talk.consumer_id)

    assert not is_watching(talk.consumer_id)


def test_more_streams_than_there_is_room_for_are_503_with_retry_after(sdk, app_of_shop, settings):
    settings.LIVE_STREAMS = places.taken

    response = sdk.from_origin("https://shop.example").get("events")

    assert (response.status_code, response.json()["errorKey"]) == (503, "unavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"


@pytest.fixture
def app_of_shop(account):
    return AppFactory(account=account, platforms=["web"], origins=["https://shop.example"])


def test_stream_can_be_read_from_a_listed_origin(sdk, talk, app_of_shop):
    """C9: by fetch, since EventSource sends no token."""
    shop = sdk.from_origin("https://shop.example")
    asked = sdk.client.options(sdk.url("events"), headers=shop.headers)

    with opened(shop) as stream:
        headers = stream.response.headers

    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert headers["Cache-Control"] == "no-store"
    assert "Last-Event-ID" in asked.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("after", ["", "x", "01a209db-8c4d-7ddf-957e-79b841630db5", "7"])
def test_stream_cannot_go_on_from_what_is_no_message_of_the_consumer(sdk, talk, after):
    response = sdk.get(f"events?after={after}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "#/after"


def test_stream_goes_on_from_no_message_of_another_consumer(sdk, talk):
    bo = sdk.signed_in("bo")
    bo.post("replies", {"text": "Mine"})
    theirs = Message.objects.latest("pk").public_id

    assert sdk.get(f"events?after={theirs}").status_code == 400
    with opened(bo, f"events?after={theirs}") as stream:
        assert stream.next().name == "conversation"


def test_stream_is_only_read(sdk, talk):
    assert sdk.call("head", "events").status_code == 405
    assert sdk.post("events").status_code == 405
    assert Conversation.objects.count() == 1
