"""A12, B5, I5, D27: cancelling, archiving, and what later edits do to what was sent."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import ledger
from campaigns.invariants import check_store
from campaigns.models import Campaign, OutboundMessage, State
from campaigns.services import (
    HandoffInactive,
    HandoffInUse,
    archive_handoff,
    cancel_campaign,
)
from conversations.models import MessageState, ReplyRoute
from handoffs.services import HandoffArchived, edit_handoff
from push.models import LabPush, PushCredential
from push.services import set_lab_down
from tests.campaigns.conftest import deliver_all, states

HOUR = timedelta(hours=1)


def cancel(created):
    return cancel_campaign(campaign=created.campaign, by="ann", now=timezone.now())


def archive(brand):
    archive_handoff(handoff=brand.handoff, by="ann", now=timezone.now())


def edit(brand, **changes):
    edit_handoff(handoff=brand.handoff, changes=changes, by="ann", now=timezone.now())


def test_a_campaign_cancelled_between_its_claim_and_its_slice_starts_no_push(brand, monkeypatch):
    """I5: the worker holds the rows already, and sees the cancel when it checks them."""
    brand.consumer("ana")
    created = brand.send("ana")
    claim, done = ledger.claim, []

    def claim_then_cancel(**kwargs):
        rows = claim(**kwargs)
        if rows:
            done.append(cancel(created))
        return rows

    monkeypatch.setattr(ledger, "claim", claim_then_cancel)
    deliver_all()

    assert [(d.cancelled, d.in_flight) for d in done] == [(0, 1)]
    assert states(created.campaign) == {"ana": (State.CANCELLED, "campaign_cancelled")}
    assert not LabPush.objects.exists()
    assert check_store(now=timezone.now()) == []


def test_a_cancelled_message_that_waits_for_its_next_try_is_never_tried_again(brand):
    """A12: its reply route closes, unless a phone has shown it."""
    brand.consumer("lab:down")
    set_lab_down(brand.account, True)
    created = brand.send("lab:down")
    deliver_all()
    assert ReplyRoute.objects.get().state == MessageState.WAITING

    done = cancel(created)
    set_lab_down(brand.account, False)
    OutboundMessage.objects.update(due_at=timezone.now() - HOUR)
    deliver_all()

    assert (done.cancelled, done.in_flight) == (1, 0)
    assert LabPush.objects.filter(outcome="accepted").count() == 0
    assert ReplyRoute.objects.get().state == MessageState.CLOSED


def test_cancelling_names_who_did_it_first(brand):
    created = brand.send("ana")
    cancel(created)

    cancel_campaign(campaign=created.campaign, by="bo", now=timezone.now() + HOUR)

    campaign = Campaign.objects.get()
    assert campaign.cancelled_by == "ann"
    assert timezone.now() - campaign.cancelled_at < HOUR


def test_archiving_is_refused_while_campaigns_are_going_out_and_allowed_after(brand):
    """B5"""
    created = brand.send("ana", "bo")

    with pytest.raises(HandoffInUse) as refused:
        archive(brand)
    assert refused.value.details == {"waiting": 2}
    brand.handoff.refresh_from_db()
    assert brand.handoff.archived_at is None

    deliver_all()
    archive(brand)
    brand.handoff.refresh_from_db()
    assert brand.handoff.archived_by == "ann"
    assert created.campaign.messages.count() == 2


def test_archiving_is_allowed_when_the_campaigns_are_cancelled(brand):
    """B5"""
    created = brand.send("ana")
    cancel(created)

    archive(brand)

    with pytest.raises(HandoffArchived):
        archive(brand)
    with pytest.raises(HandoffInactive):
        brand.send("ana")


def test_messages_that_a_worker_holds_keep_the_handoff_from_being_archived(brand):
    """B5"""
    brand.send("ana")
    ledger.claim(lane="none", limit=10, lease=timedelta(seconds=30))

    with pytest.raises(HandoffInUse):
        archive(brand)


def test_edits_after_sending_change_nothing_that_was_sent(brand):
    """B5, D27: the text, the skill and the lookback are those of the call."""
    brand.consumer("ana")
    now = timezone.now()
    body = brand.body("ana")
    del body["consumers"][0]["variables"]
    created = brand.send(now=now, consumers=body["consumers"])

    edit(brand, text="Edited", lookback=HOUR, notification_title="Edited", is_active=False)
    brand.skill.name = "renamed"
    brand.skill.save()
    deliver_all()

    assert states(created.campaign) == {"ana": (State.SENT, "")}
    push, route = LabPush.objects.get(), ReplyRoute.objects.get()
    assert (push.body, push.title) == ("Hello", "Brand")
    assert (route.text, route.skill) == ("Hello", brand.skill)
    assert route.engagement_name == "Card renewal · billing"
    assert route.valid_until == now + timedelta(days=30)
    assert Campaign.objects.get().handoff_snapshot["text"] == "Hello"


def test_switches_of_the_handoff_count_as_they_were_at_the_call(brand):
    """B5, D27"""
    brand.consumer("ana")
    created = brand.send("ana")

    edit(brand, push_when_logged_in=False)
    deliver_all()
    later = brand.send("ana")
    deliver_all()

    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert states(later.campaign) == {"ana": (State.SUPPRESSED, "logged_in_not_allowed")}


def test_a_credential_is_asked_for_when_the_message_goes_out(brand):
    """D27: it is no part of the snapshot."""
    brand.consumer("ana")
    created = brand.send("ana")
    PushCredential.objects.update(is_enabled=False)

    deliver_all()

    assert states(created.campaign) == {"ana": (State.SUPPRESSED, "no_credentials")}


def test_a_campaign_of_which_nothing_is_left_stays_completed(brand):
    """A12: there is nothing to cancel, so nothing is told to be cancelled."""
    brand.consumer("ana")
    created = brand.send("ana")
    deliver_all()

    done = cancel_campaign(campaign=created.campaign, by="tests", now=timezone.now())

    assert (done.cancelled, done.in_flight) == (0, 0)
    assert created.campaign.cancelled_at is None
