"""E1-E4 as the app sees them: inbox, dialog and replies."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.ids import uuid7
from common.text import is_visible
from consumers.models import Consumer
from conversations.models import Conversation, Message
from conversations.services import add_agent_message
from tests.factories.accounts import AccountFactory
from tests.factories.conversations import ConversationFactory, ReplyRouteFactory


def to_anna(account, **values):
    return ReplyRouteFactory(account=account, consumer_ref="anna", **values)


def test_the_inbox_shows_the_message_as_it_was_sent(sdk, account):
    route = to_anna(account, title="Your card", text="Runs out 👋")

    response = sdk.get("messages")

    assert response.status_code == 200, response.content
    assert response.json() == {
        "messages": [
            {
                "messageId": route.message_id.hex,
                "title": "Your card",
                "text": "Runs out 👋",
                "appNames": ["com.brand.app"],
                "sentAt": route.sent_at.isoformat(),
                "openedAt": None,
                "repliedAt": None,
                "validUntil": route.valid_until.isoformat(),
            }
        ],
        "unread": 1,
    }


def test_the_inbox_counts_what_was_not_opened(sdk, account):
    to_anna(account, state="opened", opened_at=timezone.now())
    to_anna(account, state="delivered")
    to_anna(account)

    body = sdk.get("messages").json()

    assert (len(body["messages"]), body["unread"]) == (3, 2)


def test_an_app_may_ask_for_its_own_messages(sdk, account):
    mine = to_anna(account, app_names=["com.brand.app", "com.brand.web"])
    to_anna(account, app_names=["com.brand.other"])

    body = sdk.get("messages?appName=com.brand.web").json()

    assert [message["messageId"] for message in body["messages"]] == [mine.message_id.hex]
    assert body["unread"] == 1


def test_a_reply_opens_a_conversation_and_says_nothing_of_skills(sdk, account, billing):
    route = to_anna(account, skill=billing)

    response = sdk.post("replies", {"text": "Yes", "messageId": route.message_id.hex})

    assert response.status_code == 201, response.content
    conversation, message = Conversation.objects.get(), Message.objects.get()
    assert response.json() == {
        "conversationId": str(conversation.public_id),
        "messageId": str(message.public_id),
        "sentAt": message.sent_at.isoformat(),
    }
    assert (conversation.skill, message.text) == (billing, "Yes")


def test_a_reply_may_name_its_message_with_dashes(sdk, account, billing):
    to_anna(account)
    route = to_anna(account, skill=billing, valid_from=timezone.now() - timedelta(days=1))

    sdk.post("replies", {"text": "Yes", "messageId": str(route.message_id)})

    assert Conversation.objects.get().skill == billing


def test_a_reply_that_is_sent_twice_gets_the_same_answer(sdk):
    first = sdk.post("replies", {"text": "Yes", "clientMessageId": "a-1"})
    again = sdk.post("replies", {"text": "Yes", "clientMessageId": "a-1"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert Message.objects.count() == 1


def test_an_id_that_comes_with_another_text_is_a_conflict(sdk):
    sdk.post("replies", {"text": "Yes", "clientMessageId": "a-1"})

    response = sdk.post("replies", {"text": "No", "clientMessageId": "a-1"})

    assert response.status_code == 409
    assert response.json()["errorKey"] == "client_id_reused"


def test_the_dialog_shows_everything_from_top_to_bottom(sdk, account):
    route = to_anna(account, text="Your card runs out")
    sent = sdk.post("replies", {"text": "Yes", "clientMessageId": "a-1"}).json()
    conversation = Conversation.objects.get()
    answer = add_agent_message(
        conversation=conversation, text="Good", by="ann@brand.example", now=timezone.now()
    )

    body = sdk.get("dialog").json()

    assert body["welcome"] is None
    assert [(o["messageId"], o["text"]) for o in body["outbound"]] == [
        (route.message_id.hex, "Your card runs out")
    ]
    assert body["conversation"] == {
        "conversationId": sent["conversationId"],
        "state": "open",
        "openedAt": conversation.opened_at.isoformat(),
        "closedAt": None,
    }
    assert body["messages"] == [
        {
            "messageId": sent["messageId"],
            "sender": "consumer",
            "text": "Yes",
            "sentAt": sent["sentAt"],
            "clientMessageId": "a-1",
        },
        {
            "messageId": str(answer.public_id),
            "sender": "agent",
            "text": "Good",
            "sentAt": answer.sent_at.isoformat(),
            "clientMessageId": None,
        },
    ]


def test_the_welcome_message_is_shown_to_who_got_no_message(sdk, account):
    account.welcome_message = "Welcome to the bank"
    account.save()

    assert sdk.get("dialog").json()["welcome"] == "Welcome to the bank"
    to_anna(account)
    assert sdk.get("dialog").json()["welcome"] is None


@pytest.mark.parametrize("path", ["messages", "dialog"])
def test_looking_creates_no_consumer(sdk, path):
    assert sdk.get(path).status_code == 200
    assert not Consumer.objects.exists()


def test_another_consumers_message_is_not_there_to_answer(sdk, account):
    theirs = ReplyRouteFactory(account=account, consumer_ref="bo")
    another_brands = ReplyRouteFactory(account=AccountFactory(), consumer_ref="anna")

    for route in [theirs, another_brands]:
        response = sdk.post("replies", {"text": "Yes", "messageId": route.message_id.hex})
        assert response.status_code == 404
        assert response.json()["errorKey"] == "not_found"
    assert sdk.post("replies", {"text": "Yes", "messageId": uuid7().hex}).status_code == 404
    assert not Conversation.objects.exists()


def test_nobody_reads_another_consumers_dialog(sdk, account):
    ReplyRouteFactory(account=account, consumer_ref="bo", text="secret")
    ConversationFactory(consumer__account=account, consumer__ref="bo")

    assert sdk.get("messages").json() == {"messages": [], "unread": 0}
    assert sdk.get("dialog").json() == {
        "welcome": None,
        "outbound": [],
        "conversation": None,
        "messages": [],
    }


def test_a_token_of_one_brand_opens_no_other(sdk, account):
    other = AccountFactory()
    ReplyRouteFactory(account=other, consumer_ref="anna")
    elsewhere = type(sdk)(other)

    assert elsewhere.get("messages").status_code == 401
    assert elsewhere.get("dialog").status_code == 401
    assert elsewhere.post("replies", {"text": "Yes"}).status_code == 401


@pytest.mark.parametrize("path", ["messages/", "dialog/"])
def test_paths_answer_with_a_last_slash_too(sdk, path):
    assert sdk.get(path).status_code == 200


def test_replies_answer_with_a_last_slash_too(sdk):
    assert sdk.post("replies/", {"text": "Yes"}).status_code == 201


@pytest.mark.parametrize(("method", "path"), [("post", "messages"), ("post", "dialog")])
def test_other_methods_are_refused_as_a_problem(sdk, method, path):
    response = sdk.call(method, path, {})

    assert response.status_code == 405
    assert response.json()["errorKey"] == "method_not_allowed"


EMOJI = [
    "👨‍👩‍👧‍👦",
    "🏳️‍🌈",
    "👍🏽",
    "🇸🇪",
    "1️⃣",
    "❤️",
    "👩🏿‍🚀",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "e\u0301",
    "\u202eabc\u202c",
    "नि",
    "{{7*7}}",
]
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t")
TEXTS = st.lists(st.sampled_from(EMOJI) | CHARACTERS, min_size=1, max_size=60).map("".join)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=TEXTS.filter(is_visible))
def test_a_text_comes_back_byte_for_byte(sdk, account, text):
    route = to_anna(account, text=text, title=text)

    response = sdk.post("replies", {"text": text, "messageId": route.message_id.hex})

    assert response.status_code == 201, response.content
    body = sdk.get("dialog").json()
    assert body["messages"][-1]["text"].encode() == text.encode()
    shown = {message["messageId"]: message["text"] for message in body["outbound"]}
    assert shown[route.message_id.hex].encode() == text.encode()
