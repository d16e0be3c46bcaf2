"""E2, E3, E4: what the app's dialog shows, and what delivery and the widget ask."""

from datetime import timedelta

import pytest

from conversations.models import ConversationState, MessageState, ReplyRoute
from conversations.selectors import (
    consumers_in_conversation,
    conversation_ids,
    dialog,
    pending_messages,
    recent_outbound,
)
from conversations.services import add_agent_message, close_conversation, receive_message
from tests.factories.accounts import AccountFactory
from tests.factories.consumers import ConsumerFactory
from tests.factories.conversations import (
    ConversationFactory,
    MessageFactory,
    ReplyRouteFactory,
)

HOUR = timedelta(hours=1)


def sent(account, now, **values):
    return ReplyRouteFactory(account=account, consumer_ref="anna", valid_from=now, **values)


def test_untapped_messages_wait_in_the_inbox_until_the_lookback_ends(account, anna, now):
    older = sent(account, now)
    newer = sent(account, now + HOUR)

    def inbox(at):
        return pending_messages(account=account, consumer=anna, now=at)

    assert inbox(now + 2 * HOUR) == [newer, older]
    assert inbox(older.valid_until) == [newer]
    assert inbox(newer.valid_until) == []


@pytest.mark.parametrize(
    ("state", "is_shown"),
    [("waiting", False), ("closed", False), ("sent", True), ("delivered", True), ("opened", True)],
)
def test_the_inbox_holds_what_was_sent(account, anna, now, state, is_shown):
    route = sent(account, now, state=state)

    pending = pending_messages(account=account, consumer=anna, now=now)

    assert pending == ([route] if is_shown else [])


def test_what_was_answered_leaves_the_inbox(account, anna, now):
    sent(account, now)
    receive_message(account=account, consumer=anna, text="Yes", now=now)

    assert pending_messages(account=account, consumer=anna, now=now) == []


def test_another_consumers_messages_are_not_in_the_inbox(account, anna, now):
    ReplyRouteFactory(account=account, consumer_ref="bo", valid_from=now)
    ReplyRouteFactory(account=AccountFactory(), consumer_ref="anna", valid_from=now)

    assert pending_messages(account=account, consumer=anna, now=now) == []
    assert dialog(account=account, consumer=anna, now=now).outbound == ()


def test_the_dialog_shows_the_outbound_message_first_and_then_the_conversation(account, anna, now):
    route = sent(account, now)
    conversation = receive_message(account=account, consumer=anna, text="Yes", now=now).conversation
    add_agent_message(conversation=conversation, text="Good", by="ann", now=now)

    shown = dialog(account=account, consumer=anna, now=now + HOUR)

    assert shown.outbound == (route,)
    assert shown.conversation == conversation
    assert [message.text for message in shown.messages] == ["Yes", "Good"]


def test_the_dialog_shows_outbound_messages_oldest_first(account, anna, now):
    older, newer = sent(account, now), sent(account, now + HOUR)

    assert dialog(account=account, consumer=anna, now=now + 2 * HOUR).outbound == (older, newer)


def test_the_dialog_keeps_the_answered_message_after_its_lookback(account, anna, now):
    route = sent(account, now)
    receive_message(account=account, consumer=anna, text="Yes", now=now)

    shown = dialog(account=account, consumer=anna, now=route.valid_until + HOUR)

    assert shown.outbound == (route,)


def test_a_closed_conversation_stays_readable_until_a_newer_message_comes(account, anna, now):
    first = sent(account, now)
    conversation = receive_message(account=account, consumer=anna, text="Yes", now=now).conversation
    close_conversation(conversation=conversation, by="ann", now=now + HOUR)

    shown = dialog(account=account, consumer=anna, now=now + 2 * HOUR)
    assert (shown.conversation, shown.outbound) == (conversation, (first,))
    assert shown.conversation.state == ConversationState.CLOSED

    newer = sent(account, now + 3 * HOUR)
    shown = dialog(account=account, consumer=anna, now=now + 4 * HOUR)
    assert (shown.conversation, shown.outbound, shown.messages) == (None, (newer,), ())


def test_a_very_long_conversation_shows_its_newest_messages(account, anna, now, monkeypatch):
    monkeypatch.setattr("conversations.selectors.MAX_SHOWN", 2)
    conversation = ConversationFactory(consumer=anna)
    for text in ["one", "two", "three"]:
        MessageFactory(conversation=conversation, text=text)

    shown = dialog(account=account, consumer=anna, now=now)

    assert [message.text for message in shown.messages] == ["two", "three"]


def test_the_welcome_message_is_shown_where_no_outbound_message_was_sent(account, anna, now):
    account.welcome_message = "Welcome to the bank"

    assert dialog(account=account, consumer=anna, now=now).welcome == "Welcome to the bank"


def test_the_welcome_message_is_not_shown_where_an_outbound_message_was_sent(account, anna, now):
    account.welcome_message = "Welcome to the bank"
    route = sent(account, now)

    assert dialog(account=account, consumer=anna, now=now).welcome is None
    receive_message(account=account, consumer=anna, text="Yes", now=now)
    assert dialog(account=account, consumer=anna, now=now).welcome is None
    assert dialog(account=account, consumer=anna, now=route.valid_until).welcome is None


def test_a_message_that_nobody_answered_in_time_makes_way_for_the_welcome(account, anna, now):
    account.welcome_message = "Welcome to the bank"
    route = sent(account, now)

    shown = dialog(account=account, consumer=anna, now=route.valid_until)

    assert (shown.welcome, shown.outbound) == ("Welcome to the bank", ())


def test_an_account_without_a_welcome_message_shows_none(account, anna, now):
    assert dialog(account=account, consumer=anna, now=now).welcome is None


def test_an_open_conversation_is_known_to_delivery_for_a_slice_in_one_query(
    account, anna, django_assert_num_queries
):
    talking = [ConversationFactory(consumer__account=account).consumer for _ in range(3)]
    done = ConversationFactory(consumer__account=account)
    close_conversation(conversation=done, by="ann", now=done.opened_at)
    asked = [consumer.pk for consumer in [anna, done.consumer, *talking[:2]]]

    with django_assert_num_queries(1):
        assert consumers_in_conversation(asked) == {talking[0].pk, talking[1].pk}


def test_a_conversation_in_any_channel_counts_as_open(account):
    conversation = ConversationFactory(consumer__account=account, channel="sms")

    assert consumers_in_conversation([conversation.consumer_id]) == {conversation.consumer_id}


def test_the_conversations_of_messages_are_found_in_one_query(
    account, anna, now, django_assert_num_queries
):
    answered, silent = sent(account, now), sent(account, now - HOUR)
    conversation = receive_message(account=account, consumer=anna, text="Yes", now=now).conversation

    with django_assert_num_queries(1):
        found = conversation_ids([answered.message_id, silent.message_id])
    assert found == {answered.message_id: conversation.public_id}


def test_the_widget_gets_at_most_five_messages_of_the_last_30_days_newest_first(account, now):
    routes = [sent(account, now - timedelta(days=day)) for day in [0, 1, 2, 3, 4, 5]]
    sent(account, now - timedelta(hours=1), state=MessageState.CLOSED)

    assert recent_outbound(account=account, consumer_ref="anna", now=now) == routes[:5]

    later = now + timedelta(days=28)
    assert recent_outbound(account=account, consumer_ref="anna", now=later) == routes[:2]


def test_the_dialog_costs_the_same_for_one_and_three_messages(
    account, anna, now, django_assert_num_queries
):
    for count in [1, 2]:
        for _ in range(count):
            sent(account, now)
        receive_message(account=account, consumer=anna, text="Yes", now=now)
        with django_assert_num_queries(4):
            dialog(account=account, consumer=anna, now=now)
    assert ReplyRoute.objects.count() == 3


def test_somebody_who_was_never_here_has_an_empty_dialog(account, now):
    stranger = ConsumerFactory.build(account=account, ref="stranger")
    ConversationFactory(consumer__account=account)

    shown = dialog(account=account, consumer=stranger, now=now)

    assert (shown.outbound, shown.conversation, shown.messages) == ((), None, ())
