"""Both sides are told of changes after the commit; who has seen what; whether an app is there."""

from importlib import import_module

import pytest
from django.db import connection, transaction

from common.live import follow
from conversations.live import (
    account_topic,
    consumer_topic,
    is_watching,
    tell_typing,
    watching,
    watching_of,
)
from conversations.models import Conversation, Sender
from conversations.services import add_agent_message, answer, mark_read, receive_message
from tests.factories.consumers import ConsumerFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def conversation(account, anna, now):
    return receive_message(account=account, consumer=anna, text="Hi", now=now).conversation


def test_an_answer_is_told_once_though_it_accepts_as_well(conversation, now):
    said = {"conversation": conversation, "by": "ann@x.example", "now": now}
    with follow(account_topic(conversation.account_id)) as agent:
        answer(text="Hello", **said)
        while agent.wait(0.2):
            pass
        answer(text="Still there?", **said)
        assert len(agent.wait(5) + agent.wait(0.2)) == 1


def test_both_sides_are_told_when_an_agent_has_spoken(conversation, now):
    topics = [account_topic(conversation.account_id), consumer_topic(conversation.consumer_id)]
    with follow(topics[0]) as agent, follow(topics[1]) as app:
        for side in (agent, app):
            side.wait(0.2)  # of its opening
        with transaction.atomic():
            add_agent_message(conversation=conversation, text="Hello", by="ann@x.example", now=now)
            assert agent.wait(0.1) == []
        told = agent.wait(5)
        assert told == app.wait(5)
    assert told == [
        {
            "kind": "changed",
            "conversation": str(conversation.public_id),
            "skill": conversation.skill_id,
        }
    ]


def test_typing_is_told_and_stored_nowhere(conversation):
    with follow(consumer_topic(conversation.consumer_id)) as app:
        app.wait(0.2)  # of its opening
        tell_typing(conversation, sender=Sender.AGENT, is_typing=True)
        (hint,) = app.wait(5)
    assert (hint["kind"], hint["sender"], hint["isTyping"]) == ("typing", "agent", True)


def test_who_waits_is_known_until_somebody_answers(conversation, account, anna, now):
    conversation.refresh_from_db()
    assert conversation.waiting_since == now
    add_agent_message(conversation=conversation, text="Hello", by="ann@x.example", now=now)
    conversation.refresh_from_db()
    assert (conversation.waiting_since, conversation.first_answered_at) == (None, now)
    receive_message(account=account, consumer=anna, text="Thanks", now=now)
    conversation.refresh_from_db()
    assert conversation.waiting_since == now


def test_reading_goes_forward_only(conversation, now):
    first = add_agent_message(conversation=conversation, text="One", by="ann@x.example", now=now)
    add_agent_message(conversation=conversation, text="Two", by="ann@x.example", now=now)
    assert mark_read(conversation=conversation, reader=Sender.CONSUMER)
    assert not mark_read(conversation=conversation, reader=Sender.CONSUMER, up_to=first.pk)
    conversation.refresh_from_db()
    assert conversation.consumer_read_to > first.pk


def test_who_speaks_has_read_what_was_said_before(conversation, account, anna, now):
    said = add_agent_message(conversation=conversation, text="One", by="ann@x.example", now=now)
    receive_message(account=account, consumer=anna, text="Thanks", now=now)
    conversation.refresh_from_db()
    assert conversation.consumer_read_to > said.pk
    assert conversation.agent_read_to == said.pk


def test_an_app_is_there_while_one_of_its_streams_is(account):
    consumer, other = ConsumerFactory.create_batch(2, account=account)
    assert not is_watching(consumer.pk)
    with watching(consumer.pk):
        with watching(consumer.pk):
            assert is_watching(consumer.pk)
        assert watching_of([other.pk, consumer.pk]) == {consumer.pk}
    assert not is_watching(consumer.pk)


def test_conversations_of_the_release_before_get_what_is_known_of_them(conversation, anna, now):
    said = add_agent_message(conversation=conversation, text="One", by="ann@x.example", now=now)
    last = receive_message(account=anna.account, consumer=anna, text="Two", now=now).message
    live = ["waiting_since", "first_answered_at", "last_said_at"]
    live += ["consumer_read_to", "agent_read_to"]
    before = Conversation.objects.values_list(*live).get()
    Conversation.objects.update(**dict.fromkeys(live[:3]), consumer_read_to=0, agent_read_to=0)
    with connection.cursor() as cursor:
        cursor.execute(import_module("conversations.migrations.0007_live").FILL)
    assert (
        Conversation.objects.values_list(*live).get() == before == (now, now, now, last.pk, said.pk)
    )
