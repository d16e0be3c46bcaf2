"""Typing, read and unread as apps tell and ask it, and the conversations of a consumer."""

import pytest
from django.utils import timezone

from common.live import follow
from consumers.models import Consumer
from conversations.live import account_topic
from conversations.models import Conversation, Message
from conversations.services import (
    add_agent_message,
    close_conversation,
    erase_conversations,
    receive_message,
)
from tests.factories.conversations import ConversationFactory, MessageFactory, ReplyRouteFactory


@pytest.fixture
def talk(account, anna):
    now = timezone.now()
    return receive_message(account=account, consumer=anna, text="Hi", now=now).conversation


def answer(conversation, text="Hello"):
    now = timezone.now()
    return add_agent_message(conversation=conversation, text=text, by="ann@x.example", now=now)


def unread(sdk):
    return sdk.get("unread").json()


def test_badge_counts_unread_words_of_agents_and_messages_that_were_not_opened(sdk, account, talk):
    answer(talk)
    answer(talk)
    ReplyRouteFactory(account=account, consumer_ref="anna")
    ReplyRouteFactory(account=account, consumer_ref="anna", opened_at=timezone.now())
    ReplyRouteFactory(account=account, consumer_ref="bo")

    assert unread(sdk) == {"unread": 3}


def test_reading_up_to_a_message_leaves_what_came_after_it(sdk, talk):
    first, second = answer(talk), answer(talk)

    left = sdk.post("read", {"messageId": str(first.public_id)})
    none_left = sdk.post("read", {"messageId": str(second.public_id)})
    again = sdk.post("read", {"messageId": str(first.public_id)})

    assert (left.status_code, left.json()) == (200, {"unread": 1})
    assert (none_left.json(), again.json()) == ({"unread": 0}, {"unread": 0})


def test_who_answers_has_read_what_was_said_before(sdk, talk):
    answer(talk)

    sdk.post("replies", {"text": "Thanks"})

    assert unread(sdk) == {"unread": 0}


def test_words_of_a_closed_conversation_are_unread_until_they_are_read(sdk, talk):
    last = answer(talk, "Goodbye")
    close_conversation(conversation=talk, by="ann@x.example", now=timezone.now())

    assert unread(sdk) == {"unread": 1}
    assert sdk.post("read", {"messageId": str(last.public_id)}).json() == {"unread": 0}


def test_what_was_said_before_reading_was_kept_counts_as_read(sdk, anna):
    old = ConversationFactory(consumer=anna, account=anna.account)
    MessageFactory(conversation=old, sender="agent")

    assert unread(sdk) == {"unread": 0}


@pytest.mark.parametrize("message_id", ["", None, "x", 7])
def test_reading_up_to_what_is_no_id_is_refused(sdk, talk, message_id):
    response = sdk.post("read", {"messageId": message_id})

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "#/messageId"


def test_nobody_reads_in_another_consumer_s_conversation(sdk, talk):
    answer(talk)
    bo = sdk.signed_in("bo")

    assert bo.post("read", {"messageId": str(Message.objects.first().public_id)}).status_code == 404
    assert bo.get(f"conversations/{talk.public_id}/messages").status_code == 404
    assert unread(sdk) == {"unread": 1}


def test_neither_typing_nor_reading_creates_a_consumer(sdk):
    some_id = "01a209db-8c4d-7ddf-957e-79b841630db5"

    codes = [
        sdk.post("typing", {"isTyping": True}).status_code,
        sdk.post("read", {"messageId": some_id}).status_code,
        sdk.get("unread").status_code,
        sdk.get("conversations").status_code,
        sdk.get(f"conversations/{some_id}/messages").status_code,
    ]

    assert codes == [204, 404, 200, 200, 404]
    assert not Consumer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_typing_is_told_to_who_answers_while_there_is_a_conversation(sdk, talk):
    with follow(account_topic(talk.account_id)) as agents:
        agents.wait(0.2)  # of its opening
        assert sdk.post("typing", {"isTyping": True}).status_code == 204
        (hint,) = agents.wait(5)
        close_conversation(conversation=talk, by="ann@x.example", now=timezone.now())
        agents.wait(5)
        sdk.post("typing", {"isTyping": False})
        nothing = agents.wait(0.1)

    assert (hint["kind"], hint["sender"], hint["isTyping"]) == ("typing", "consumer", True)
    assert nothing == []


@pytest.mark.parametrize("body", [{}, {"isTyping": "yes"}, {"isTyping": None}])
def test_typing_must_be_true_or_false(sdk, talk, body):
    assert sdk.post("typing", body).status_code == 400


def test_conversations_come_newest_first_with_what_they_answer_and_the_last_word(sdk, account):
    route = ReplyRouteFactory(account=account, consumer_ref="anna")
    sdk.post("replies", {"text": "One", "messageId": route.message_id.hex})
    first = Conversation.objects.get()
    last = answer(first, "Bye")
    close_conversation(conversation=first, by="ann@x.example", now=timezone.now())
    sdk.post("replies", {"text": "Two"})
    sdk.signed_in("bo").post("replies", {"text": "Not yours"})

    page = sdk.get("conversations?limit=1").json()
    rest = sdk.get(f"conversations?limit=1&cursor={page['nextCursor']}").json()

    assert [one["lastMessage"]["text"] for one in page["conversations"]] == ["Two"]
    (earlier,) = rest["conversations"]
    assert (earlier["conversationId"], earlier["state"]) == (str(first.public_id), "closed")
    assert [one["messageId"] for one in earlier["outbound"]] == [route.message_id.hex]
    assert earlier["lastMessage"]["messageId"] == str(last.public_id)
    assert rest["nextCursor"] is None


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_conversations_asks_as_often_however_many_there_are(
    sdk, anna, count, django_assert_num_queries
):
    for _ in range(count):
        talk = ConversationFactory(
            consumer=anna, account=anna.account, state="closed", closed_at=timezone.now()
        )
        MessageFactory(conversation=talk)

    with django_assert_num_queries(5):
        assert len(sdk.get("conversations").json()["conversations"]) == count


def test_messages_of_a_conversation_come_oldest_first_by_page(sdk, talk):
    answer(talk, "Two")
    answer(talk, "Three")
    path = f"conversations/{talk.public_id}/messages?limit=2"

    page = sdk.get(path).json()
    rest = sdk.get(f"{path}&cursor={page['nextCursor']}").json()

    assert [one["text"] for one in page["messages"]] == ["Hi", "Two"]
    assert [one["text"] for one in rest["messages"]] == ["Three"]


def test_newcomer_sees_nothing_of_people_who_were_erased(sdk, account, anna, talk):
    """C8: conversations that are nobody's any more are not those of somebody unknown."""
    erase_conversations(consumer=anna, by="tests", now=timezone.now())
    newcomer = sdk.signed_in("newcomer")

    assert newcomer.get("dialog").json()["conversation"] is None
    assert newcomer.get("conversations").json()["conversations"] == []
