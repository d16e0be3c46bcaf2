"""E6: what happens to conversations that nobody tends. None of them is lost."""

from datetime import timedelta
from functools import partial

import orjson
import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import AuditEvent, Role
from accounts.roles import PERMISSIONS
from conversations.abandoned import close_silent, return_unanswered
from conversations.listing import ConversationFilter, find_conversations
from conversations.models import Conversation, Presence
from conversations.queue import queue_of
from conversations.seats import seat_of
from conversations.selectors import who_sees
from conversations.services import (
    accept_conversation,
    add_agent_message,
    receive_message,
)
from conversations.services.presence import set_presence
from conversations.tasks import tend_abandoned
from tests.factories.accounts import (
    AccountFactory,
    MembershipFactory,
    SkillFactory,
    UserFactory,
    member,
)
from tests.factories.consumers import ConsumerFactory
from tests.factories.webhooks import WebhookEndpointFactory
from webhooks.models import WebhookEvent

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def talk(account, anna, now):
    """Anna wrote, and nobody has accepted it."""
    return receive_message(account=account, consumer=anna, text="Hello?", now=now).conversation


@pytest.fixture
def eva(account):
    return member(Role.AGENT, account, email="eva@brand.example")


def tend(now):
    return return_unanswered(now=now, limit=100), close_silent(now=now, limit=100)


def answer(talk, by, at):
    add_agent_message(conversation=talk, text="Good day", by=by, now=at)


def told():
    return [orjson.loads(event.body) for event in WebhookEvent.objects.order_by("pk")]


def test_a_conversation_that_nobody_accepts_waits_for_ever(talk, account, now):
    assert tend(now + 3650 * DAY) == (0, 0)

    waiting = find_conversations(account, ConversationFilter(state="open", is_accepted=False))
    assert list(waiting) == [talk]


def test_who_manages_agents_finds_it_in_the_queue_of_its_skill_the_longest_waiting_first(
    talk, account, now
):
    """Its skill has no agent at all."""
    later = receive_message(
        account=account, consumer=ConsumerFactory(account=account), text="Hi", now=now + MINUTE
    ).conversation
    manager = member(Role.AGENT_MANAGER, account)

    queue = queue_of(seat_of(account, manager, PERMISSIONS[Role.AGENT_MANAGER]), now=now + DAY)

    (line,) = queue.lines
    assert (line.skill, line.waiting) == (talk.skill, 2)
    assert [row.conversation for row in line.rows] == [talk, later]


def test_a_conversation_of_a_skill_without_agents_is_seen_by_who_manages_them(talk, account):
    """The campaign manager and the agent of another skill do not see it, nor another brand."""
    sales = SkillFactory(account=account, name="Sales")
    for role in Role:
        user = UserFactory(email=f"{role}@brand.example")
        MembershipFactory(user=user, account=account, role=role).skills.add(sales)
        member(role)

    assert [str(one.user) for one in who_sees(talk)] == [
        "administrator@brand.example",
        "agent_manager@brand.example",
    ]


def test_the_agents_of_its_skill_see_it_as_long_as_they_may_sign_in(talk, account, eva):
    for name, is_active in (("ann", True), ("bo", False)):
        user = UserFactory(email=f"{name}@brand.example", is_active=is_active)
        member_ = MembershipFactory(user=user, account=account, role=Role.AGENT)
        member_.skills.add(talk.skill)

    assert [str(one.user) for one in who_sees(talk)] == ["ann@brand.example"]


def test_a_consumer_who_waits_for_who_accepted_goes_back_to_the_queue(talk, account, eva, now):
    WebhookEndpointFactory(account=account)
    accept_conversation(conversation=talk, by=eva, now=now)
    assert tend(now + 10 * MINUTE - timedelta(seconds=1)) == (0, 0)

    assert tend(now + 10 * MINUTE) == (1, 0)

    talk.refresh_from_db()
    assert (talk.state, talk.accepted_by, talk.accepted_at) == ("open", "", None)
    assert talk.explanation == (
        "To Support again, because eva@brand.example, who had accepted it, is not there and the "
        "consumer waits for an answer since 20 Nov at 14:22 (Europe/Stockholm)."
    )
    event = AuditEvent.objects.get(verb="conversation_returned")
    assert (event.actor, event.changes["accepted_by"]) == ("the system", [str(eva), ""])
    data = told()[-1]["data"]
    assert told()[-1]["type"] == "conversation.returned"
    assert (data["returnedFrom"], data["acceptedBy"]) == (str(eva), None)
    assert tend(now + 10 * MINUTE) == (0, 0)


@pytest.mark.parametrize(
    ("state", "seen", "returned"),
    [
        (Presence.AVAILABLE, 59 * MINUTE, 0),
        (Presence.AVAILABLE, 49 * MINUTE, 1),
        (Presence.AWAY, 59 * MINUTE, 1),
    ],
)
def test_who_is_there_keeps_what_they_accepted_though_they_take_their_time(
    talk, account, eva, now, state, seen, returned
):
    accept_conversation(conversation=talk, by=eva, now=now)
    set_presence(account=account, user=eva, state=state, now=now + seen)
    set_presence(account=AccountFactory(), user=eva, state=Presence.AVAILABLE, now=now + HOUR)

    assert tend(now + HOUR) == (returned, 0)


def test_who_was_answered_stays_with_who_answers(talk, eva, now):
    accept_conversation(conversation=talk, by=eva, now=now)
    answer(talk, eva, now + MINUTE)

    assert tend(now + DAY) == (0, 0)


def test_who_writes_again_is_back_in_the_queue_after_as_long(talk, account, anna, eva, now):
    accept_conversation(conversation=talk, by=eva, now=now)
    answer(talk, eva, now + MINUTE)
    receive_message(account=account, consumer=anna, text="Still there?", now=now + HOUR)

    assert tend(now + HOUR + 9 * MINUTE) == (0, 0)
    assert tend(now + HOUR + 10 * MINUTE) == (1, 0)


def test_who_accepts_after_a_long_wait_has_as_long_as_any_other(talk, eva, now):
    accept_conversation(conversation=talk, by=eva, now=now + HOUR)

    assert tend(now + HOUR + 9 * MINUTE) == (0, 0)
    assert tend(now + HOUR + 10 * MINUTE) == (1, 0)


def test_who_had_it_may_accept_it_again(talk, eva, now):
    accept_conversation(conversation=talk, by=eva, now=now)
    tend(now + 10 * MINUTE)

    accept_conversation(conversation=talk, by=eva, now=now + 11 * MINUTE)

    talk.refresh_from_db()
    assert talk.accepted_by == str(eva)


@pytest.fixture
def answered(talk, eva, now):
    accept_conversation(conversation=talk, by=eva, now=now)
    answer(talk, eva, now)
    return talk


def test_a_conversation_whose_consumer_is_silent_is_closed_and_says_why(answered, account, now):
    WebhookEndpointFactory(account=account)
    assert tend(now + 7 * DAY - timedelta(seconds=1)) == (0, 0)

    assert tend(now + 7 * DAY) == (0, 1)

    answered.refresh_from_db()
    assert (answered.state, answered.closed_by) == ("closed", "the system")
    assert answered.closed_at == now + 7 * DAY
    because = (
        "Closed by the system, because the consumer was silent for 7 days after the agent’s last "
        "word on 20 Nov at 14:22 (Europe/Stockholm)."
    )
    assert answered.closed_because == because
    (closed,) = told()
    assert closed["type"] == "conversation.closed"
    assert (closed["data"]["closedBy"], closed["data"]["closedBecause"]) == ("the system", because)
    assert tend(now + 7 * DAY) == (0, 0)


def test_who_waits_for_an_answer_is_never_closed_on(answered, account, anna, now):
    """Though the agent has spoken, and may be gone: it goes back to the queue."""
    receive_message(account=account, consumer=anna, text="And?", now=now + DAY)

    assert tend(now + 3650 * DAY) == (1, 0)
    assert tend(now + 3650 * DAY) == (0, 0)


def test_what_a_bot_said_without_accepting_is_closed_too(talk, now):
    answer(talk, "faq-bot", now)

    assert tend(now + 7 * DAY) == (0, 1)


@pytest.mark.parametrize("never", [0, None])
def test_a_brand_that_wants_neither_has_neither(answered, account, anna, now, never):
    account.return_after_minutes = account.close_after_hours = never
    account.save()

    assert tend(now + 3650 * DAY) == (0, 0)
    receive_message(account=account, consumer=anna, text="And?", now=now + DAY)
    assert tend(now + 3650 * DAY) == (0, 0)


def test_each_brand_has_its_own_time(answered, account, now):
    account.close_after_hours = 1
    account.save()
    other = ConsumerFactory()
    theirs = Conversation.objects.create(
        account=other.account, consumer=other, skill=SkillFactory(account=other.account),
        explanation="To the only team.", opened_at=now, last_said_at=now,
    )  # fmt: skip

    assert tend(now + HOUR) == (0, 1)

    theirs.refresh_from_db()
    answered.refresh_from_db()
    assert (answered.state, theirs.state) == ("closed", "open")
    assert "silent for 1 hour after" in answered.closed_because


@pytest.mark.parametrize("tends", [tend_abandoned, partial(call_command, "sweep", once=True)])
def test_a_worker_tends_them_and_the_sweep_where_there_is_no_broker(account, anna, tends):
    begin = timezone.now() - 8 * DAY
    talk = receive_message(account=account, consumer=anna, text="Hi", now=begin).conversation
    answer(talk, "faq-bot", begin)
    other = ConsumerFactory(account=account)
    unanswered = receive_message(account=account, consumer=other, text="Hi", now=begin).conversation
    accept_conversation(conversation=unanswered, by="eva", now=begin)

    tends()

    talk.refresh_from_db()
    unanswered.refresh_from_db()
    assert (talk.state, unanswered.accepted_by) == ("closed", "")


def test_they_are_tended_in_batches(account, now):
    for _ in range(5):
        consumer = ConsumerFactory(account=account)
        talk = receive_message(account=account, consumer=consumer, text="Hi", now=now).conversation
        answer(talk, "faq-bot", now)

    at = now + 7 * DAY
    assert [close_silent(now=at, limit=2) for _ in range(4)] == [2, 2, 1, 0]
