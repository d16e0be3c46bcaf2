"""E1, E8: where a reply goes, and the sentence that says why."""

from datetime import UTC, datetime, timedelta

import pytest

from conversations.models import Conversation, MessageState, ReplyRoute
from conversations.routing import NoSkill
from conversations.services import (
    UnknownMessage,
    close_conversation,
    receive_message,
    transfer_conversation,
)
from tests.factories.accounts import AccountFactory, SkillFactory
from tests.factories.consumers import ConsumerFactory
from tests.factories.conversations import ReplyRouteFactory


@pytest.fixture
def route(account, billing, now):
    """A message to anna from Billing, that can be answered for 30 days."""
    return ReplyRouteFactory(
        account=account,
        skill=billing,
        consumer_ref="anna",
        campaign_name="Card renewal",
        valid_from=now,
        valid_until=now + timedelta(days=30),
    )


def reply(consumer, now, message_id=None):
    return receive_message(
        account=consumer.account, consumer=consumer, text="Yes", message_id=message_id, now=now
    )


def test_a_reply_within_the_lookback_goes_to_the_skill_of_the_call(route, anna, now):
    received = reply(anna, now + timedelta(days=29))

    conversation = Conversation.objects.get()
    assert received.conversation == conversation
    assert received.is_new_conversation
    assert conversation.skill.name == "Billing"
    assert conversation.explanation == (
        "To Billing, because this answers “Card renewal”, sent on 20 Nov at 14:22 and open for "
        "replies until 20 Dec at 14:22 (Europe/Stockholm)."
    )


def test_a_reply_in_the_last_instant_of_the_lookback_still_answers(route, anna):
    received = reply(anna, route.valid_until - timedelta(microseconds=1))

    assert received.conversation.skill.name == "Billing"


def test_a_reply_after_the_lookback_goes_to_the_default_skill(route, anna):
    received = reply(anna, route.valid_until)

    assert received.conversation.skill.name == "Support"
    assert received.route is None
    assert received.conversation.explanation == (
        "To Support, the default skill, because the message “Card renewal” could be answered "
        "until 20 Dec at 14:22 (Europe/Stockholm)."
    )
    route.refresh_from_db()
    assert (route.replied_at, route.conversation) == (None, None)


def test_a_message_to_nobodys_message_goes_to_the_default_skill(account, anna, now):
    received = reply(anna, now)

    assert received.conversation.skill.name == "Support"
    assert received.conversation.explanation == (
        "To Support, the default skill, because there was no message to answer."
    )


def test_a_reply_that_names_a_message_uses_its_route_and_not_the_newest(route, account, anna, now):
    newer = ReplyRouteFactory(
        account=account, consumer_ref="anna", valid_from=now + timedelta(hours=1)
    )

    received = reply(anna, now + timedelta(hours=2), message_id=route.message_id)

    assert received.route == route
    assert received.conversation.skill.name == "Billing"
    newer.refresh_from_db()
    assert newer.replied_at is None


def test_a_reply_that_names_no_message_uses_the_newest_live_route(route, account, anna, now):
    newer = ReplyRouteFactory(
        account=account,
        skill=SkillFactory(account=account, name="Sales"),
        consumer_ref="anna",
        valid_from=now + timedelta(hours=1),
    )

    received = reply(anna, now + timedelta(hours=2))

    assert received.route == newer
    assert received.conversation.skill.name == "Sales"


def test_a_newer_route_that_is_over_does_not_hide_an_older_live_one(route, account, anna, now):
    ReplyRouteFactory(
        account=account,
        consumer_ref="anna",
        valid_from=now + timedelta(hours=1),
        valid_until=now + timedelta(hours=2),
    )

    assert reply(anna, now + timedelta(hours=3)).route == route


def test_a_reply_that_names_a_message_whose_lookback_is_over_uses_the_newest_live_route(
    route, account, anna, now
):
    over = ReplyRouteFactory(
        account=account, consumer_ref="anna", valid_from=now - timedelta(days=31)
    )

    assert reply(anna, now, message_id=over.message_id).route == route


def test_a_message_that_was_not_sent_is_not_answered(route, anna, now):
    ReplyRoute.objects.update(state=MessageState.CLOSED)

    unnamed = reply(anna, now)
    assert unnamed.conversation.skill.name == "Support"
    close_conversation(conversation=unnamed.conversation, by="agent", now=now)

    named = reply(anna, now, message_id=route.message_id)
    assert named.conversation.explanation == (
        "To Support, the default skill, because the message “Card renewal” was not sent."
    )


def test_a_reply_may_be_faster_than_the_word_that_its_message_was_sent(route, anna, now):
    ReplyRoute.objects.update(state=MessageState.WAITING, sent_at=None)

    received = reply(anna, now)

    assert received.conversation.skill.name == "Billing"
    assert received.conversation.explanation == (
        "To Billing, because this answers “Card renewal”, open for replies until 20 Dec at 14:22 "
        "(Europe/Stockholm)."
    )


@pytest.mark.parametrize("is_named", [True, False])
def test_a_message_after_the_answer_was_closed_is_an_ordinary_one(route, anna, now, is_named):
    first = reply(anna, now)
    close_conversation(conversation=first.conversation, by="agent", now=now + timedelta(hours=2))

    received = reply(
        anna, now + timedelta(hours=3), message_id=route.message_id if is_named else None
    )

    assert received.is_new_conversation
    assert received.conversation.skill.name == "Support"
    assert received.conversation.explanation == (
        "To Support, the default skill, because the message “Card renewal” had already been "
        "answered and that conversation was closed on 20 Nov at 16:22 (Europe/Stockholm)."
    )
    route.refresh_from_db()
    assert route.conversation == first.conversation


def test_a_newer_message_is_answered_though_an_older_one_was_before(route, account, anna, now):
    first = reply(anna, now)
    close_conversation(conversation=first.conversation, by="agent", now=now + timedelta(hours=1))
    newer = ReplyRouteFactory(
        account=account, consumer_ref="anna", valid_from=now + timedelta(hours=2)
    )

    assert reply(anna, now + timedelta(hours=3)).route == newer


@pytest.mark.parametrize("is_theirs_by", ["consumer", "account"])
def test_another_consumers_message_does_not_exist(account, anna, now, is_theirs_by):
    theirs = (
        ReplyRouteFactory(account=account, consumer_ref="bo")
        if is_theirs_by == "consumer"
        else ReplyRouteFactory(account=AccountFactory(), consumer_ref="anna")
    )

    with pytest.raises(UnknownMessage):
        reply(anna, now, message_id=theirs.message_id)
    assert not Conversation.objects.exists()
    assert reply(anna, now).conversation.skill.name == "Support"


def test_ids_of_consumers_are_compared_byte_for_byte(account, now):
    ReplyRouteFactory(account=account, consumer_ref="anna", valid_from=now)

    for ref in ["Anna", "anna ", "ａnna"]:
        other = ConsumerFactory(account=account, ref=ref)
        assert reply(other, now).route is None


def test_an_account_without_a_default_skill_uses_its_first(account, anna, now):
    account.default_skill = None
    account.save()
    SkillFactory(account=account, name="Later")
    anna.account.refresh_from_db()

    assert reply(anna, now).conversation.skill.name == "Support"


def test_an_account_without_any_skill_says_what_to_do(db, now):
    consumer = ConsumerFactory(account=AccountFactory(default_skill=None))
    consumer.account.skills.all().delete()

    with pytest.raises(NoSkill, match="Add one in Settings"):
        reply(consumer, now)


def test_an_explanation_names_the_year_when_it_is_not_this_one(route, anna):
    received = reply(anna, datetime(2027, 1, 5, tzinfo=UTC))

    assert received.conversation.explanation == (
        "To Support, the default skill, because the message “Card renewal” could be answered "
        "until 20 Dec 2026 at 14:22 (Europe/Stockholm)."
    )


def test_a_transfer_says_who_did_it_and_from_where(route, account, anna, now):
    conversation = reply(anna, now).conversation
    sales = SkillFactory(account=account, name="Sales")

    transfer_conversation(conversation=conversation, skill=sales, by="ann@brand.example", now=now)

    conversation.refresh_from_db()
    assert conversation.skill == sales
    assert conversation.explanation == (
        "To Sales, because ann@brand.example transferred it from Billing on 20 Nov at 14:22 "
        "(Europe/Stockholm)."
    )
