"""What an app's badge counts: what agents said and nobody read, and messages nobody opened (D6)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.models import Sender
from conversations.services import add_agent_message, close_conversation, mark_read
from conversations.unread import unread_counts
from tests.factories.consumers import ConsumerFactory
from tests.factories.conversations import ConversationFactory, MessageFactory, ReplyRouteFactory

pytestmark = pytest.mark.django_db


def unread(consumer):
    """As pushes and apps are told it."""
    return unread_counts([consumer.pk], now=timezone.now())[consumer.pk]


def say(conversation, text="Hello"):
    return add_agent_message(conversation=conversation, text=text, by="bot", now=timezone.now())


def close(conversation):
    close_conversation(conversation=conversation, by="bot", now=timezone.now())


@pytest.fixture
def talk(anna):
    return ConversationFactory(consumer=anna)


def test_what_agents_said_counts_until_it_was_read(anna, talk):
    read = say(talk)
    say(talk)
    assert unread(anna) == 2

    mark_read(conversation=talk, reader=Sender.CONSUMER, up_to=read.pk)
    assert unread(anna) == 1


def test_what_was_said_last_counts_after_the_end(anna, talk):
    say(talk)
    close(talk)

    assert unread(anna) == 1


def test_an_earlier_conversation_counts_no_more(anna, talk):
    say(talk)
    close(talk)
    say(ConversationFactory(consumer=anna))

    assert unread(anna) == 1


def test_a_message_that_begins_the_dialog_anew_is_what_is_left(anna, talk):
    """E4: the dialog shows the conversation before it no more."""
    say(talk)
    close(talk)
    ReplyRouteFactory(account=anna.account, consumer_ref=anna.ref)

    assert unread(anna) == 1


def test_what_was_said_before_reading_was_kept_counts_as_read(anna, talk):
    MessageFactory(conversation=talk, sender=Sender.AGENT)

    assert unread(anna) == 0


@pytest.mark.parametrize(
    ("facts", "count"),
    [
        ({"state": "sent"}, 1),
        ({"state": "delivered"}, 1),
        ({"state": "waiting"}, 0),
        ({"state": "opened", "opened_at": timezone.now()}, 0),
        ({"state": "closed"}, 0),
        ({"replied_at": timezone.now()}, 0),
        ({"valid_until": timezone.now() - timedelta(seconds=1)}, 0),
    ],
    ids=["sent", "delivered", "not sent yet", "opened", "not sent", "answered", "over"],
)
def test_messages_count_while_they_wait_in_the_inbox(anna, facts, count):
    ReplyRouteFactory(account=anna.account, consumer_ref=anna.ref, **facts)

    assert unread(anna) == count


def test_many_people_are_counted_by_one_query_each_for_themselves(anna, django_assert_num_queries):
    namesake, nobody = ConsumerFactory(ref=anna.ref), ConsumerFactory(account=anna.account)
    for consumer, messages in ((anna, 2), (namesake, 1)):
        for _ in range(messages):
            ReplyRouteFactory(account=consumer.account, consumer_ref=consumer.ref)

    with django_assert_num_queries(1):
        found = unread_counts([anna.pk, namesake.pk, nobody.pk], now=timezone.now())

    assert found == {anna.pk: 2, namesake.pk: 1, nobody.pk: 0}
