"""What a reply leaves behind, and the life of a reply route."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent
from common.ids import uuid7
from conversations.models import (
    Conversation,
    ConversationState,
    Message,
    MessageState,
    ReplyRoute,
    Sender,
)
from conversations.services import (
    ClientIdReused,
    ConversationClosed,
    NewRoute,
    SkillOfAnotherAccount,
    TextNotAllowed,
    add_agent_message,
    close_conversation,
    close_routes,
    open_reply_routes,
    receive_message,
    set_route_states,
    transfer_conversation,
)
from tests.factories.accounts import AccountFactory, SkillFactory
from tests.factories.conversations import ConversationFactory, ReplyRouteFactory


def new_route(account, skill, now, **changes):
    values = {
        "account_id": account.pk,
        "message_id": uuid7(),
        "consumer_ref": "anna",
        "skill_id": skill.pk,
        "source": "API",
        "campaign_id": "camp00001",
        "campaign_name": "Card renewal",
        "engagement_name": "Card renewal · Billing",
        "handoff_id": "H1",
        "handoff_title": "Cards",
        "app_names": ["com.brand.app", "com.brand.web"],
        "title": "Your card",
        "text": "Hello 👨‍👩‍👧‍👦 \u202eRTL\n\t“quoted” {0.__class__} %s \\",
        "valid_from": now,
        "valid_until": now + timedelta(days=30),
    }
    return NewRoute(**{**values, **changes})


def test_a_reply_route_is_stored_as_it_was_given(account, billing, now):
    given = new_route(account, billing, now)

    open_reply_routes(routes=[given])

    route = ReplyRoute.objects.get()
    assert {name: getattr(route, name) for name in NewRoute.__slots__} == {
        name: getattr(given, name) for name in NewRoute.__slots__
    }
    assert (route.state, route.sent_at, route.replied_at) == (MessageState.WAITING, None, None)


def test_a_route_that_is_opened_again_stays_as_it_is(account, billing, now):
    given = new_route(account, billing, now)
    open_reply_routes(routes=[given])
    set_route_states(message_ids=[given.message_id], state=MessageState.SENT, now=now)

    again = new_route(account, billing, now, message_id=given.message_id, text="Other")
    open_reply_routes(routes=[again, new_route(account, billing, now)])

    assert ReplyRoute.objects.count() == 2
    route = ReplyRoute.objects.get(message_id=given.message_id)
    assert (route.text, route.state) == (given.text, MessageState.SENT)


def test_a_hundred_routes_are_opened_by_one_statement(
    account, billing, now, django_assert_num_queries
):
    routes = [new_route(account, billing, now, consumer_ref=f"c{n}") for n in range(100)]

    with django_assert_num_queries(1):
        open_reply_routes(routes=routes)
    with django_assert_num_queries(0):
        open_reply_routes(routes=[])

    assert ReplyRoute.objects.count() == 100


def test_long_names_of_campaigns_and_skills_fit_a_route(account, billing, now):
    name = "n" * 255
    open_reply_routes(
        routes=[
            new_route(
                account,
                billing,
                now,
                campaign_name=name,
                engagement_name=f"{name} · {name}",
                title="t" * 4000,
            )
        ]
    )

    assert ReplyRoute.objects.get().engagement_name == f"{name} · {name}"


STEPS = ["waiting", "sent", "delivered", "opened"]


@pytest.mark.parametrize("before", [*STEPS, "closed"])
@pytest.mark.parametrize("told", STEPS[1:])
def test_a_messages_state_only_moves_forward(account, now, before, told):
    route = ReplyRouteFactory(account=account, state=before)

    set_route_states(message_ids=[route.message_id], state=MessageState(told), now=now)

    route.refresh_from_db()
    if before == "closed":
        assert route.state == "closed"
    else:
        assert route.state == max(before, told, key=STEPS.index)


def test_the_first_word_of_a_message_tells_when_it_was_sent(account, now):
    route = ReplyRouteFactory(account=account, state=MessageState.WAITING, sent_at=None)
    ids = [route.message_id]

    set_route_states(message_ids=ids, state=MessageState.SENT, now=now)
    set_route_states(message_ids=ids, state=MessageState.OPENED, now=now + timedelta(hours=1))
    set_route_states(message_ids=ids, state=MessageState.OPENED, now=now + timedelta(hours=2))

    route.refresh_from_db()
    assert (route.sent_at, route.opened_at) == (now, now + timedelta(hours=1))


def test_states_are_set_for_the_named_messages_alone(account, now):
    route, other = ReplyRouteFactory(account=account), ReplyRouteFactory(account=account)

    set_route_states(message_ids=[route.message_id], state=MessageState.DELIVERED, now=now)

    other.refresh_from_db()
    assert other.state == MessageState.SENT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("waiting", "closed"),
        ("sent", "closed"),
        ("delivered", "delivered"),
        ("opened", "opened"),
        ("closed", "closed"),
    ],
)
def test_a_route_closes_unless_a_phone_has_shown_its_message(account, before, after):
    route = ReplyRouteFactory(account=account, state=before)

    close_routes(message_ids=[route.message_id])

    route.refresh_from_db()
    assert route.state == after


def test_the_first_answer_marks_the_route_replied_and_opened(account, anna, now):
    route = ReplyRouteFactory(account=account, consumer_ref="anna", valid_from=now)

    received = receive_message(account=account, consumer=anna, text="Yes", now=now)
    receive_message(account=account, consumer=anna, text="And", now=now + timedelta(hours=1))

    route.refresh_from_db()
    assert route.conversation == received.conversation
    assert (route.replied_at, route.opened_at, route.state) == (now, now, MessageState.OPENED)


def test_a_message_that_still_waits_is_not_called_opened_by_an_answer_to_nothing(
    account, anna, now
):
    route = ReplyRouteFactory(
        account=account, consumer_ref="anna", valid_from=now, state=MessageState.WAITING
    )

    receive_message(account=account, consumer=anna, text="Hello?", now=now)

    route.refresh_from_db()
    assert (route.state, route.replied_at) == (MessageState.WAITING, now)


def test_while_a_conversation_is_open_everything_goes_there(account, billing, anna, now):
    ReplyRouteFactory(account=account, consumer_ref="anna", skill=billing, valid_from=now)
    first = receive_message(account=account, consumer=anna, text="One", now=now)
    second = receive_message(account=account, consumer=anna, text="Two", now=now)

    assert (first.is_new_conversation, second.is_new_conversation) == (True, False)
    assert second.conversation == first.conversation
    assert [m.text for m in Message.objects.order_by("id")] == ["One", "Two"]
    assert {m.sender for m in Message.objects.all()} == {Sender.CONSUMER}


def test_an_answer_to_a_named_message_in_an_open_conversation_marks_its_route(account, anna, now):
    conversation = receive_message(account=account, consumer=anna, text="One", now=now).conversation
    route = ReplyRouteFactory(account=account, consumer_ref="anna", valid_from=now)

    received = receive_message(
        account=account, consumer=anna, text="Two", message_id=route.message_id, now=now
    )

    route.refresh_from_db()
    assert received.route == route
    assert (route.replied_at, route.conversation) == (now, conversation)


def test_a_message_sent_twice_by_the_app_is_stored_once(account, anna, now):
    first = receive_message(account=account, consumer=anna, text="Yes", client_id="7", now=now)
    again = receive_message(account=account, consumer=anna, text="Yes", client_id="7", now=now)

    assert again.message == first.message
    assert not again.is_new_conversation
    assert Message.objects.count() == 1


def test_a_message_sent_twice_is_stored_once_though_its_conversation_was_closed_between(
    account, anna, now
):
    first = receive_message(account=account, consumer=anna, text="Yes", client_id="7", now=now)
    close_conversation(conversation=first.conversation, by="agent", now=now)

    again = receive_message(account=account, consumer=anna, text="Yes", client_id="7", now=now)

    assert again.message == first.message
    assert Conversation.objects.count() == 1


def test_an_id_that_comes_with_another_text_is_refused_and_not_swallowed(account, anna, now):
    receive_message(account=account, consumer=anna, text="Yes", client_id="7", now=now)

    with pytest.raises(ClientIdReused):
        receive_message(account=account, consumer=anna, text="No", client_id="7", now=now)


def test_the_two_sides_may_use_the_same_id_and_nothing_is_swallowed(account, anna, now):
    """Bots count their messages, and so do apps."""
    talk = receive_message(account=account, consumer=anna, text="Hi", now=now).conversation
    said = {"conversation": talk, "text": "Yes", "client_id": "7", "by": "bot", "now": now}
    bots = add_agent_message(**said)

    reply = receive_message(account=account, consumer=anna, text="Yes", client_id="7", now=now)

    assert (reply.message.sender, reply.message != bots) == (Sender.CONSUMER, True)
    assert add_agent_message(**said) == bots
    assert talk.messages.count() == 3


def test_two_consumers_may_use_the_same_id(account, anna, now):
    bo = ConversationFactory(account=account, consumer__account=account).consumer

    for consumer in [anna, bo]:
        receive_message(account=account, consumer=consumer, text="Yes", client_id="7", now=now)

    assert Message.objects.count() == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t ",
        "\u200b\u200d\ufeff",
        "\u202e\u2069",
        "\ufe0f",
        "\u3164",
        "\u2800",
        "nul\0",
        "bell\x07",
        "escape\x1b[0m",
        "delete\x7f",
        "c1\x85",
        "half \ud83d",
        "x" * 5001,
    ],
)
def test_what_nobody_can_read_is_refused(account, anna, now, text):
    with pytest.raises(TextNotAllowed):
        receive_message(account=account, consumer=anna, text=text, now=now)
    assert not Conversation.objects.exists()


@pytest.mark.parametrize(
    "text",
    ["x" * 5000, "👋", "a\u200bb", "\u202eabc", "one\n\ttwo", "e\u0301" * 50, " kept "],
)
def test_what_can_be_read_is_stored_as_it_is(account, anna, now, text):
    received = receive_message(account=account, consumer=anna, text=text, now=now)

    received.message.refresh_from_db()
    assert received.message.text == text


def test_line_breaks_of_every_system_are_stored_as_one_character(account, anna, now):
    received = receive_message(account=account, consumer=anna, text="1\r\n2\r3\n4", now=now)

    assert received.message.text == "1\n2\n3\n4"


def test_closing_says_who_and_when_once(account, anna, now):
    conversation = ConversationFactory(consumer=anna)

    close_conversation(conversation=conversation, by="ann@brand.example", now=now)
    close_conversation(
        conversation=conversation, by="bo@brand.example", now=now + timedelta(hours=1)
    )

    stored = Conversation.objects.get()
    assert stored.state == conversation.state == ConversationState.CLOSED
    assert (stored.closed_at, stored.closed_by) == (now, "ann@brand.example")


def test_an_agent_answers_under_their_own_name(account, anna, now):
    conversation = ConversationFactory(consumer=anna)

    add_agent_message(conversation=conversation, text="Hi", by="ann@brand.example", now=now)

    message = Message.objects.get()
    assert (message.conversation, message.sender) == (conversation, Sender.AGENT)
    assert (message.author, message.text, message.sent_at) == ("ann@brand.example", "Hi", now)


def test_a_closed_conversation_takes_no_answer_and_no_transfer(account, billing, anna, now):
    conversation = ConversationFactory(consumer=anna)
    close_conversation(conversation=conversation, by="ann@brand.example", now=now)

    with pytest.raises(ConversationClosed):
        add_agent_message(conversation=conversation, text="Hi", by="bo", now=now)
    with pytest.raises(ConversationClosed):
        transfer_conversation(conversation=conversation, skill=billing, by="bo", now=now)
    assert not Message.objects.exists()


def test_a_conversation_is_never_transferred_to_another_brand(account, anna, now):
    conversation = ConversationFactory(consumer=anna)
    theirs = SkillFactory(account=AccountFactory())

    with pytest.raises(SkillOfAnotherAccount):
        transfer_conversation(conversation=conversation, skill=theirs, by="bo", now=now)


def test_a_transfer_keeps_the_first_explanation_in_the_audit_log(account, billing, anna, now):
    conversation = ConversationFactory(consumer=anna, explanation="To Sales, because.")

    transfer_conversation(conversation=conversation, skill=billing, by="bo", now=now)

    event = AuditEvent.objects.get(verb="conversation_transferred")
    assert event.changes["explanation"][0] == "To Sales, because."


def test_the_database_refuses_a_second_open_conversation(account, anna):
    ConversationFactory(consumer=anna)

    with pytest.raises(IntegrityError, match="conversation_one_open"), transaction.atomic():
        ConversationFactory(consumer=anna)


def test_the_database_refuses_an_open_conversation_that_was_closed(account, anna, now):
    conversation = ConversationFactory(consumer=anna)
    rows = Conversation.objects.filter(pk=conversation.pk)

    with pytest.raises(IntegrityError, match="conversation_closed_at"), transaction.atomic():
        rows.update(closed_at=now)
    with pytest.raises(IntegrityError, match="conversation_closed_at"), transaction.atomic():
        rows.update(state=ConversationState.CLOSED)
