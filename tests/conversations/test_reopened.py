"""E1, E3, E8: what is written after the answer was closed, as the handoff says."""

from datetime import timedelta

import orjson
import pytest

from conversations.models import ReplyRoute
from conversations.selectors import dialog
from conversations.services import (
    close_conversation,
    receive_message,
    transfer_conversation,
)
from tests.factories.accounts import SkillFactory
from tests.factories.conversations import ReplyRouteFactory
from tests.factories.webhooks import WebhookEndpointFactory
from webhooks.events import EventType
from webhooks.models import WebhookEvent

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
INSTANT = timedelta(microseconds=1)
WELCOME = "Welcome! How can we help?"


@pytest.fixture
def account(account):
    account.welcome_message = WELCOME
    account.save()
    return account


@pytest.fixture
def make_route(account, now):
    """A message to anna, that can be answered for 30 days."""

    def make(skill, *, takes_all=False, at=timedelta(), **fields):
        return ReplyRouteFactory(
            account=account,
            skill=skill,
            consumer_ref="anna",
            takes_all=takes_all,
            valid_from=now + at,
            **fields,
        )

    return make


@pytest.fixture
def talk(account, anna, now):
    """Anna writes so long after the first message, and is answered until it is closed."""

    def write(at, *, route=None, is_closed=True):
        received = receive_message(
            account=account,
            consumer=anna,
            text="Hello",
            message_id=route and route.message_id,
            now=now + at,
        )
        if is_closed:
            close_conversation(conversation=received.conversation, by="eva", now=now + at)
        return received

    return write


@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize(
    ("takes_all", "again_at", "skill", "shows_welcome"),
    [
        (False, 2 * HOUR, "Support", True),
        (True, 2 * HOUR, "Billing", False),
        (True, 30 * DAY - INSTANT, "Billing", False),
        (True, 30 * DAY, "Support", True),
        (False, 30 * DAY, "Support", True),
    ],
)
def test_a_conversation_after_the_answer_goes_where_the_handoff_says_until_the_lookback_ends(
    make_route, talk, account, anna, billing, now, is_named, takes_all, again_at, skill,
    shows_welcome,
):  # fmt: skip
    route = make_route(billing, takes_all=takes_all)
    assert talk(HOUR).conversation.skill == billing

    again = talk(again_at, route=route if is_named else None, is_closed=False)

    assert again.is_new_conversation
    assert again.conversation.skill.name == skill
    shown = dialog(account=account, consumer=anna, now=now + again_at)
    assert shown.welcome == (WELCOME if shows_welcome else None)
    assert list(shown.outbound) == ([] if shows_welcome else [route])


def test_without_an_outbound_message_the_welcome_message_is_shown(account, anna, talk, now):
    """E3"""
    assert dialog(account=account, consumer=anna, now=now).welcome == WELCOME

    talk(HOUR, is_closed=False)

    assert dialog(account=account, consumer=anna, now=now + HOUR).welcome == WELCOME


def test_every_further_conversation_of_the_lookback_goes_there_and_says_why(
    make_route, talk, billing
):
    """E8"""
    route = make_route(billing, takes_all=True)
    first = talk(HOUR)

    for hours in (2, 3, 4):
        again = talk(hours * HOUR).conversation
        assert again.skill == billing
        assert again.explanation == (
            "To Billing, because “Card renewal” has all conversations go there until 20 Dec at "
            "14:22 (Europe/Stockholm)."
        )
        assert again.continues == route
    route.refresh_from_db()
    assert route.conversation == first.conversation


def test_the_app_s_history_shows_the_message_with_each_of_them(make_route, talk, sdk, billing):
    route = make_route(billing, takes_all=True)
    talk(HOUR)
    talk(2 * HOUR)

    conversations = sdk.get("conversations").json()["conversations"]

    shown = [[one["messageId"] for one in each["outbound"]] for each in conversations]
    assert shown == [[route.message_id.hex]] * 2


def test_it_goes_to_the_skill_of_the_call_though_the_first_was_handed_over(
    make_route, talk, account, billing, now
):
    make_route(billing, takes_all=True)
    first = talk(HOUR, is_closed=False).conversation
    sales = SkillFactory(account=account, name="Sales")
    transfer_conversation(conversation=first, skill=sales, by="eva", now=now + HOUR)
    close_conversation(conversation=first, by="eva", now=now + HOUR)

    assert talk(2 * HOUR).conversation.skill == billing


def test_the_answer_to_a_newer_message_goes_to_its_skill_and_what_follows_back(
    make_route, talk, account, billing
):
    """A newer message is answered once; then the one that takes all has its turn again."""
    sales = SkillFactory(account=account, name="Sales")
    make_route(billing, takes_all=True)
    talk(HOUR)
    make_route(sales, at=2 * HOUR)

    assert [talk(hours * HOUR).conversation.skill.name for hours in (3, 4, 5)] == [
        "Sales",
        "Billing",
        "Billing",
    ]


@pytest.mark.parametrize(("is_named", "skill"), [(False, "Sales"), (True, "Billing")])
def test_of_two_that_take_all_the_named_one_does_else_the_newest(
    make_route, talk, account, billing, is_named, skill
):
    sales = SkillFactory(account=account, name="Sales")
    older = make_route(billing, takes_all=True)
    talk(HOUR)
    make_route(sales, takes_all=True, at=2 * HOUR)
    talk(3 * HOUR)

    again = talk(4 * HOUR, route=older if is_named else None)

    assert again.conversation.skill.name == skill


def test_a_message_that_takes_all_is_answered_by_what_is_written_first(
    make_route, talk, account, billing
):
    """It had crossed with an answer to a newer one."""
    older = make_route(billing, takes_all=True)
    newer = make_route(SkillFactory(account=account, name="Sales"), at=HOUR)
    assert talk(2 * HOUR).route == newer

    again = talk(3 * HOUR)

    assert (again.route, again.conversation.skill) == (older, billing)
    assert again.conversation.continues is None


def test_a_message_that_was_not_sent_takes_nothing(make_route, talk, billing):
    make_route(billing, takes_all=True)
    talk(HOUR)
    ReplyRoute.objects.update(state="closed")

    assert talk(2 * HOUR).conversation.skill.name == "Support"


def test_webhooks_are_told_which_message_a_later_conversation_goes_on_with(
    make_route, talk, account, billing
):
    """A15: and that a message was answered is told once."""
    WebhookEndpointFactory(account=account, event_types=list(EventType.values))
    route = make_route(billing, takes_all=True)
    talk(HOUR)
    before = list(WebhookEvent.objects.values_list("pk", flat=True))

    talk(2 * HOUR)

    told = [orjson.loads(one.body) for one in WebhookEvent.objects.exclude(pk__in=before)]
    assert "recipient.replied" not in [event["type"] for event in told]
    about = [event["data"] for event in told if event["type"].startswith("conversation.")]
    assert {event["messageId"] for event in about} == {str(route.message_id)}
    assert {event["campaignId"] for event in about} == {route.campaign_id}
