"""A15: what webhooks are told of conversations."""

from datetime import timedelta

import orjson
import pytest

from conversations.services import close_conversation, receive_message
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
    replied, opened = told()
    assert (replied["type"], opened["type"]) == ("recipient.replied", "conversation.opened")
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
        "closedAt": None,
        "closedBy": None,
    }


def test_a_conversation_that_answers_nothing_is_told_without_a_campaign(
    account, anna, now, webhook
):
    say(account, anna, now)

    (opened,) = told()
    assert opened["type"] == "conversation.opened"
    assert (opened["data"]["skill"], opened["data"]["campaignId"]) == ("Support", None)


def test_a_conversation_is_told_as_closed_once(account, anna, now, webhook):
    conversation = say(account, anna, now).conversation
    for _ in range(2):
        close_conversation(conversation=conversation, by="eva", now=now)

    closed = told()[1:]

    assert [payload["type"] for payload in closed] == ["conversation.closed"]
    assert closed[0]["data"]["closedBy"] == "eva"
    assert closed[0]["data"]["closedAt"] == "2026-11-20T13:22:00Z"


def test_a_message_in_an_open_conversation_asks_nothing_of_webhooks(
    account, anna, now, django_assert_max_num_queries
):
    say(account, anna, now)

    with django_assert_max_num_queries(20) as captured:
        say(account, anna, now)

    assert not any("webhooks_" in query["sql"] for query in captured.captured_queries)


def test_no_payload_has_what_was_said(account, anna, now, webhook):
    say(account, anna, now)

    assert "Hello" not in WebhookEvent.objects.get().body
