"""A15: what webhooks are told of conversations."""

from datetime import timedelta

import orjson
import pytest

from conversations.services import (
    accept_conversation,
    add_agent_message,
    close_conversation,
    receive_message,
    transfer_conversation,
)
from tests.factories.conversations import ReplyRouteFactory
from tests.factories.webhooks import WebhookEndpointFactory
from webhooks.models import WebhookEvent


@pytest.fixture
def webhook(account):
    return WebhookEndpointFactory(account=account)


def say(account, consumer, now, **more):
    return receive_message(account=account, consumer=consumer, text="Hello", now=now, **more)


def told():
    return [orjson.loads(event.body) for event in WebhookEvent.objects.order_by("pk")]


def test_the_first_answer_to_a_message_is_told_with_its_conversation(
    account, billing, anna, now, webhook
):
    route = ReplyRouteFactory(
        account=account, skill=billing, consumer_ref="anna", valid_from=now - timedelta(hours=1)
    )

    received = say(account, anna, now)
    say(account, anna, now)

    conversation_id = str(received.conversation.public_id)
    replied, opened, *messages = told()
    assert (replied["type"], opened["type"]) == ("recipient.replied", "conversation.opened")
    assert [one["type"] for one in messages] == ["conversation.message"] * 2
    assert replied["timestamp"] == "2026-11-20T13:22:00Z"
    assert replied["data"] == {
        "accountId": str(account.number),
        "campaignId": "camp00001",
        "messageId": str(route.message_id),
        "consumerContent": {"inapp": "anna"},
        "status": "replied",
        "reason": None,
        "conversationId": conversation_id,
    }
    assert opened["data"] == {
        "accountId": str(account.number),
        "conversationId": conversation_id,
        "consumerContent": {"inapp": "anna"},
        "skill": "Billing",
        "status": "open",
        "campaignId": "camp00001",
        "messageId": str(route.message_id),
        "openedAt": "2026-11-20T13:22:00Z",
        "acceptedAt": None,
        "acceptedBy": None,
        "closedAt": None,
        "closedBy": None,
        "closedBecause": None,
    }


def test_a_conversation_that_answers_nothing_is_told_without_a_campaign(
    account, anna, now, webhook
):
    say(account, anna, now)

    opened, _ = told()
    assert opened["type"] == "conversation.opened"
    assert (opened["data"]["skill"], opened["data"]["campaignId"]) == ("Support", None)


def test_a_conversation_is_told_as_closed_once(account, anna, now, webhook):
    conversation = say(account, anna, now).conversation
    for _ in range(2):
        close_conversation(conversation=conversation, by="eva", now=now)

    closed = told()[2:]

    assert [payload["type"] for payload in closed] == ["conversation.closed"]
    assert closed[0]["data"]["closedBy"] == "eva"
    assert closed[0]["data"]["closedAt"] == "2026-11-20T13:22:00Z"


def test_each_message_of_a_consumer_is_told_with_its_id_and_without_its_text(
    account, anna, now, webhook
):
    """E7: a bot asks for nothing until there is something."""
    first = say(account, anna, now)
    second = say(account, anna, now + timedelta(minutes=1))

    messages = [one["data"] for one in told() if one["type"] == "conversation.message"]
    assert [data["said"] for data in messages] == [
        {"messageId": str(first.message.public_id), "sentAt": "2026-11-20T13:22:00Z"},
        {"messageId": str(second.message.public_id), "sentAt": "2026-11-20T13:23:00Z"},
    ]
    conversation_id = str(first.conversation.public_id)
    assert {data["conversationId"] for data in messages} == {conversation_id}
    assert not any("Hello" in event.body for event in WebhookEvent.objects.all())


def test_a_message_that_is_sent_twice_is_told_once(account, anna, now, webhook):
    for _ in range(2):
        say(account, anna, now, client_id="a-1")

    assert [one["type"] for one in told()] == ["conversation.opened", "conversation.message"]


def test_what_agents_say_is_not_told(account, anna, now, webhook):
    conversation = say(account, anna, now).conversation
    before = len(told())

    add_agent_message(conversation=conversation, text="Good day", by="eva", now=now)

    assert len(told()) == before


def test_who_answers_a_conversation_is_told_once(account, anna, now, webhook):
    conversation = say(account, anna, now).conversation
    for _ in range(2):
        accept_conversation(conversation=conversation, by="eva", now=now)

    (accepted,) = told()[2:]

    assert accepted["type"] == "conversation.accepted"
    data = accepted["data"]
    assert (data["acceptedBy"], data["acceptedAt"]) == ("eva", "2026-11-20T13:22:00Z")


def test_a_conversation_that_is_handed_over_is_told_with_both_skills(
    account, billing, anna, now, webhook
):
    conversation = say(account, anna, now).conversation
    accept_conversation(conversation=conversation, by="eva", now=now)

    transfer_conversation(conversation=conversation, skill=billing, by="eva", now=now)

    transferred = told()[-1]
    assert transferred["type"] == "conversation.transferred"
    data = transferred["data"]
    assert (data["transferredFrom"], data["skill"]) == ("Support", "Billing")
    assert (data["transferredBy"], data["acceptedBy"]) == ("eva", None)


def test_where_nobody_listens_a_message_asks_webhooks_once(
    account, anna, now, django_assert_max_num_queries
):
    say(account, anna, now)

    with django_assert_max_num_queries(20) as captured:
        say(account, anna, now)

    asked = [query["sql"] for query in captured.captured_queries if "webhooks_" in query["sql"]]
    assert len(asked) == 1
    assert asked[0].lstrip().startswith("SELECT")
