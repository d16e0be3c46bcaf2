"""E1, E2 when everything happens at once, on real connections."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import AuditEvent
from consumers.models import Consumer
from conversations.abandoned import close_silent, return_unanswered
from conversations.models import Conversation, Message, ReplyRoute
from conversations.services import (
    ConversationTaken,
    accept_conversation,
    add_agent_message,
    answer,
    close_conversation,
    receive_message,
)
from tests.factories.accounts import AccountFactory, SkillFactory
from tests.factories.consumers import ConsumerFactory
from tests.factories.conversations import ConversationFactory, ReplyRouteFactory
from tests.threads import at_once, other_worker, wait_for_a_lock

NOW = datetime(2026, 11, 20, 13, 22, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anna():
    account = AccountFactory()
    account.default_skill = SkillFactory(account=account)
    account.save()
    return ConsumerFactory(account=account, ref="anna")


def reply(anna, text, client_id=None):
    return receive_message(
        account=anna.account, consumer=anna, text=text, client_id=client_id, now=NOW
    )


def test_twenty_replies_at_once_open_one_conversation(anna):
    route = ReplyRouteFactory(account=anna.account, consumer_ref="anna", valid_from=NOW)

    outcomes = at_once(*[lambda n=n: reply(anna, f"Yes {n}") for n in range(20)])

    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    conversation = Conversation.objects.get()
    assert conversation.skill == route.skill
    assert ReplyRoute.objects.get().conversation == conversation
    assert sorted(m.text for m in Message.objects.all()) == sorted(f"Yes {n}" for n in range(20))


def test_one_reply_sent_ten_times_at_once_is_stored_once(anna):
    outcomes = at_once(*[lambda: reply(anna, "Yes", client_id="a-1")] * 10)

    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert Message.objects.count() == 1


def test_replies_while_the_conversation_is_closed_are_all_kept(anna):
    conversation = ConversationFactory(consumer=anna)

    def close():
        close_conversation(conversation=conversation, by="ann", now=NOW)

    outcomes = at_once(close, *[lambda n=n: reply(anna, f"Yes {n}") for n in range(8)])

    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert Message.objects.count() == 8
    late = Message.objects.exclude(conversation=conversation)
    assert Conversation.objects.count() == 1 + late.values("conversation").distinct().count() <= 2
    assert Conversation.objects.get(pk=conversation.pk).state == "closed"


def test_a_conversation_is_opened_under_the_lock_that_delivery_takes(anna):
    is_locked, may_end = threading.Event(), threading.Event()

    def deliver():
        with transaction.atomic():
            Consumer.objects.select_for_update(no_key=True).get(pk=anna.pk)
            is_locked.set()
            may_end.wait(timeout=20)
        connection.close()

    thread = threading.Thread(target=deliver)
    thread.start()
    assert is_locked.wait(timeout=20)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            reply(anna, "Yes")
        assert not Conversation.objects.exists()
    finally:
        may_end.set()
        thread.join(timeout=20)
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    assert reply(anna, "Yes").is_new_conversation


@pytest.fixture
def silent(anna):
    """Anna was answered a week ago and is silent since."""
    conversation = reply(anna, "Hello").conversation
    add_agent_message(conversation=conversation, text="Good day", by="eva", now=NOW)
    return conversation


def test_a_consumer_who_writes_at_the_moment_of_closing_is_not_closed_on(anna, silent):
    """Who closes leaves it to the next time; then the consumer waits, and is not closed on."""
    with other_worker() as closing, transaction.atomic():
        reply(anna, "Wait!")
        closing.start(lambda: close_silent(now=NOW + timedelta(days=8), limit=10))
        closing.thread.join(timeout=20)
        assert not closing.thread.is_alive()

    assert close_silent(now=NOW + timedelta(days=8), limit=10) == 0
    silent.refresh_from_db()
    assert (silent.state, silent.messages.count()) == ("open", 3)


def test_a_consumer_who_writes_while_it_is_closed_opens_another(anna, silent):
    with other_worker() as writing, transaction.atomic():
        assert close_silent(now=NOW + timedelta(days=8), limit=10) == 1
        writing.start(lambda: reply(anna, "Hello again"))
        wait_for_a_lock()

    assert list(Conversation.objects.order_by("pk").values_list("state", flat=True)) == [
        "closed",
        "open",
    ]
    assert Message.objects.filter(conversation__state="open").get().text == "Hello again"


def test_two_who_tend_at_once_do_nothing_twice(anna):
    people = [anna, *ConsumerFactory.create_batch(19, account=anna.account)]
    for consumer in people:
        conversation = reply(consumer, "Hello").conversation
        accept_conversation(conversation=conversation, by="eva", now=NOW)

    later = NOW + timedelta(hours=1)
    counts = at_once(*[lambda: return_unanswered(now=later, limit=7)] * 6)

    assert sum(counts) == 20
    assert AuditEvent.objects.filter(verb="conversation_returned").count() == 20


def test_of_ten_agents_who_answer_at_once_one_does_and_the_others_are_told_who(anna):
    conversation = ConversationFactory(consumer=anna)

    def say(agent):
        return answer(conversation=conversation, text="Hi", by=agent, now=NOW)

    outcomes = at_once(*[lambda n=n: say(f"{n}@brand.example") for n in range(10)])

    refused = [str(one) for one in outcomes if isinstance(one, ConversationTaken)]
    message = Message.objects.get()
    assert refused == [f"{message.author} answers this conversation."] * 9
