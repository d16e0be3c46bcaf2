"""`manage.py verify_delivery` finds what was broken by hand."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.invariants import check_store
from campaigns.models import CampaignTally, MessageEvent, State
from conversations.models import ReplyRoute
from conversations.services import close_conversation, receive_message
from tests.campaigns.conftest import deliver_all


@pytest.fixture
def campaign(brand):
    """Of ana, to whom it was sent."""
    brand.consumer("ana")
    created = brand.send("ana")
    deliver_all()
    assert check_store(now=timezone.now()) == []
    return created.campaign


def facts(campaign):
    found = check_store(now=timezone.now())
    assert {one.subject for one in found} <= {campaign.public_id}
    assert all(one.invariant.startswith("I9") for one in found)
    return [one.fact for one in found]


def tally(campaign, state, n):
    row = CampaignTally.objects.filter(campaign=campaign).first()
    row.pk, row.state, row.n = None, state, n
    row.save()


def test_a_log_that_cannot_be_read_is_named(db, tmp_path):
    log = tmp_path / "provider.jsonl"
    with pytest.raises(CommandError, match="provider.jsonl cannot be read: No such file"):
        call_command("verify_delivery", provider_log=log)
    log.write_text("sent\n")
    with pytest.raises(CommandError, match="provider.jsonl is not JSON, line by line: "):
        call_command("verify_delivery", provider_log=log)


def test_a_tally_of_a_state_that_no_message_has_is_found(campaign):
    """I9"""
    tally(campaign, State.FAILED, 1)

    assert facts(campaign) == ["failed: tallied 1, counted 0"]


def test_a_tally_that_was_taken_back_counts_for_nothing(campaign):
    """I9: as a replay does."""
    tally(campaign, State.FAILED, 2)
    tally(campaign, State.FAILED, -2)

    assert facts(campaign) == []


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        ({"n": 2}, ["sent: tallied 2, counted 1"]),
        ({"state": "expired"}, ["expired: tallied 1, counted 0", "sent: tallied 0, counted 1"]),
    ],
)
def test_a_tally_that_is_not_what_the_messages_are_is_found(campaign, broken, found):
    """I9"""
    assert CampaignTally.objects.filter(campaign=campaign, state=State.SENT).update(**broken) == 1

    assert sorted(facts(campaign)) == found


def reply(brand):
    ana = brand.account.consumers.get(ref="ana")
    now = timezone.now()
    return receive_message(account=brand.account, consumer=ana, text="Yes", now=now).conversation


def put_check(conversation, *, after):
    """Have the message been checked so long after the conversation was opened."""
    conversation.refresh_from_db()
    checked_at = conversation.recorded_at + after
    assert ReplyRoute.objects.update(checked_at=checked_at) == 1


def test_a_push_whose_check_came_after_the_opening_of_a_conversation_is_found(brand, campaign):
    """I4"""
    conversation = reply(brand)
    assert check_store(now=timezone.now()) == []

    put_check(conversation, after=timedelta(microseconds=1))

    (found,) = check_store(now=timezone.now())
    assert found.invariant == "I4 nobody is pushed to in a conversation"
    assert found.subject == str(campaign.messages.get().public_id)


def test_a_message_that_was_let_go_and_never_pushed_breaks_nothing(brand, campaign):
    """I4: no push was started."""
    put_check(reply(brand), after=timedelta(seconds=1))
    assert MessageEvent.objects.filter(kind="push").update(kind="deferred") == 1

    assert check_store(now=timezone.now()) == []


@pytest.mark.parametrize(("after", "found"), [(59, 1), (61, 0)])
def test_a_push_after_the_conversation_was_closed_breaks_nothing(brand, campaign, after, found):
    """I4"""
    conversation = reply(brand)
    closed_at = conversation.opened_at + timedelta(seconds=60)
    close_conversation(conversation=conversation, by="eva", now=closed_at)

    put_check(conversation, after=timedelta(seconds=after))

    assert len(check_store(now=timezone.now())) == found


def test_what_was_stored_before_the_order_was_kept_breaks_nothing(brand, campaign):
    """I4: neither time is known of what an earlier release wrote."""
    reply(brand)
    ReplyRoute.objects.update(checked_at=None)

    assert check_store(now=timezone.now()) == []
