"""From claimed rows to pushes and back: retries, several devices, takeovers, faults D23 and D28."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns import delivery, ledger
from campaigns.invariants import check_store
from campaigns.models import CampaignTally, MessageEvent, OutboundMessage, PoisonReport, State
from consumers.models import Device
from conversations.models import MessageState, ReplyRoute
from push.models import LabPush
from push.providers import lab
from push.services import set_lab_down
from tests.campaigns.conftest import deliver_all, states
from tests.factories.consumers import DeviceFactory


def make_due():
    """Let the time until the next try pass."""
    OutboundMessage.objects.filter(state=State.QUEUED).update(
        due_at=timezone.now() - timedelta(minutes=1)
    )


def outcomes(created):
    events = MessageEvent.objects.filter(message__campaign=created.campaign, kind="push")
    return list(events.order_by("id").values_list("outcome", "reason"))


def test_a_message_is_sent_to_the_device_of_its_consumer(brand):
    brand.consumer("ana")

    created = brand.send("ana")
    deliver_all()

    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert [push.body for push in LabPush.objects.all()] == ["Hi ana"]
    assert ReplyRoute.objects.get().state == MessageState.SENT
    assert check_store(now=timezone.now()) == []


def test_a_busy_provider_is_asked_again_after_its_retry_after_and_not_before(brand):
    """D5"""
    brand.consumer("lab:busy")
    created = brand.send("lab:busy")

    deliver_all()
    row = OutboundMessage.objects.get()
    wait = (row.due_at - timezone.now()).total_seconds()
    assert (row.state, row.attempts) == (State.QUEUED, 1)
    assert 3 < wait <= 12
    deliver_all()
    assert OutboundMessage.objects.get().attempts == 1

    make_due()
    deliver_all()
    assert states(created.campaign) == {"lab:busy": (State.SENT, "")}
    assert outcomes(created) == [("retry", "rate_limited"), ("accepted", "")]


def test_a_dead_token_leaves_the_registry_at_once_and_the_message_fails(brand):
    """C6"""
    brand.consumer("lab:gone")

    created = brand.send("lab:gone")
    deliver_all()

    assert states(created.campaign) == {"lab:gone": (State.FAILED, "token_gone")}
    assert Device.objects.get().removed_reason == "token_gone"
    assert ReplyRoute.objects.get().state == MessageState.CLOSED


def test_when_the_newest_device_is_gone_the_next_one_gets_the_message(brand):
    """D28: one recipient is sent if one device accepts."""
    consumer = brand.consumer("ana", token="good")
    DeviceFactory(consumer=consumer, app=brand.app, platform="android", token="lab:gone")

    created = brand.send("ana")
    deliver_all()

    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert outcomes(created) == [("unregistered", "token_gone"), ("accepted", "")]


def test_of_five_devices_one_that_accepts_is_enough(brand):
    """D28: the dead ones leave the registry, the message is sent, nothing is tried again."""
    brand.handoff.device_choice = "all"
    brand.handoff.save()
    consumer = brand.consumer("ana", token="good")
    for n in range(4):
        DeviceFactory(consumer=consumer, app=brand.app, token=f"lab:gone-{n}")

    created = brand.send("ana")
    deliver_all()

    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert Device.objects.registered().count() == 1
    assert OutboundMessage.objects.get().attempts == 1


def test_a_message_that_is_too_big_fails_at_once(brand):
    """D5: permanent errors at once."""
    brand.consumer("lab:too-big")

    created = brand.send("lab:too-big")
    deliver_all()

    assert states(created.campaign) == {"lab:too-big": (State.FAILED, "payload_too_big")}


def test_a_lost_answer_is_asked_once_more_with_the_same_identity(brand, monkeypatch):
    monkeypatch.setitem(lab.SECONDS, "lab:timeout", 0.05)
    brand.consumer("lab:timeout")

    created = brand.send("lab:timeout")
    deliver_all()
    make_due()
    deliver_all()

    assert states(created.campaign) == {"lab:timeout": (State.SENT, "")}
    assert outcomes(created) == [("unknown", "answer_lost"), ("accepted", "")]
    assert LabPush.objects.values("message_id").distinct().count() == 1


def test_retries_end_with_the_lookback(brand):
    """D5: never past the lookback; what is still down then has expired, not failed."""
    brand.consumer("lab:down")
    set_lab_down(brand.account, True)
    created = brand.send("lab:down", now=timezone.now() - timedelta(days=30) + timedelta(seconds=2))

    for _ in range(6):
        deliver_all()
        make_due()
    OutboundMessage.objects.filter(state=State.QUEUED).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    deliver_all()

    assert states(created.campaign) == {"lab:down": (State.EXPIRED, "lookback_over")}
    assert LabPush.objects.count() >= 1


def test_a_row_goes_to_the_lane_of_its_device(brand):
    """The lane set at accept is a hint: the slice corrects it."""
    created = brand.send("ana")
    assert OutboundMessage.objects.get().lane == "none"
    brand.consumer("ana")

    assert delivery.deliver("none").lanes == {"lab"}
    assert delivery.deliver("lab").claimed == 1
    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert OutboundMessage.objects.get().attempts == 1


def test_a_row_of_a_lost_worker_is_taken_over_and_the_timeline_says_so(brand):
    brand.consumer("ana")
    created = brand.send("ana")
    ledger.claim(lane="lab", limit=10, lease=timedelta(seconds=-1))

    deliver_all()

    kinds = MessageEvent.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["worker_lost", "push"]
    assert states(created.campaign) == {"ana": (State.SENT, "")}


def test_a_late_worker_changes_no_row_that_was_taken_over(brand):
    """D3: every write names the fence."""
    brand.consumer("ana")
    brand.send("ana")
    (late,) = ledger.claim(lane="lab", limit=10, lease=timedelta(seconds=-1))
    (current,) = ledger.claim(lane="lab", limit=10, lease=timedelta(seconds=30))

    now = timezone.now()
    kept = ledger.settle([ledger.Settled(late.id, late.fence, State.FAILED, "internal")], now=now)
    ledger.write_events(
        [ledger.Event(late.id, late.account_id, late.fence, "push", now, outcome="accepted")]
    )

    assert kept == []
    assert ledger.release([late]) == 0
    row = OutboundMessage.objects.get()
    assert (row.state, row.fence) == (State.SENDING, current.fence)
    assert not MessageEvent.objects.filter(kind="push").exists()
    assert CampaignTally.objects.exclude(state="accepted").count() == 0


@pytest.mark.parametrize("state", ["sent", "suppressed", "failed", "expired", "cancelled"])
def test_the_database_lets_no_row_leave_a_final_state(brand, state):
    brand.send("ana")
    OutboundMessage.objects.update(state=state)

    with pytest.raises(IntegrityError, match="cannot become queued"), transaction.atomic():
        OutboundMessage.objects.update(state=State.QUEUED)


def test_a_poisoned_row_is_parked_at_the_fifth_error_and_the_others_go_out(brand, monkeypatch):
    """D23"""
    for ref in ("ana", "bad"):
        brand.consumer(ref)
    decide = delivery.decide

    def poisoned(facts, *, now):
        if facts.consumer.ref == "bad":
            raise ValueError("a row that nobody foresaw")
        return decide(facts, now=now)

    monkeypatch.setattr(delivery, "decide", poisoned)
    created = brand.send("ana", "bad")
    for _ in range(5):
        deliver_all()
        make_due()

    assert states(created.campaign) == {
        "ana": (State.SENT, ""),
        "bad": (State.FAILED, "internal"),
    }
    assert PoisonReport.objects.get().summary == "ValueError"


def test_every_final_row_is_counted_once_and_folding_keeps_the_sums(brand):
    """I9"""
    for ref in ("ana", "lab:gone"):
        brand.consumer(ref)
    created = brand.send("ana", "lab:gone", "stranger")
    deliver_all()

    before = created.campaign.tallies.all().totals()
    assert before == {"accepted": 3, "sent": 1, "failed": 1, "suppressed": 1}
    ledger.fold_tallies(keep=1)
    assert created.campaign.tallies.all().totals() == before
    assert check_store(now=timezone.now()) == []
