"""From claimed rows to pushes and back: retries, several devices, takeovers, faults D23 and D28."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns import counting, delivery, ledger
from campaigns.invariants import check_store
from campaigns.models import CampaignTally, MessageEvent, OutboundMessage, PoisonReport, State
from consumers.models import Device
from conversations.models import MessageState, ReplyRoute
from push.credentials import save_credential
from push.models import Breaker, LabPush
from push.providers import lab
from push.services import set_lab_down
from tests.campaigns.conftest import deliver_all, states
from tests.factories.consumers import DeviceFactory
from tests.providers.proxy_server import ProxyServer, open_log, run_in_thread


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


@pytest.mark.parametrize("says_so", [True, False])
def test_where_later_conversations_go_is_what_the_handoff_said_when_the_call_came(brand, says_so):
    """E1, B5"""
    brand.handoff.route_all_within_lookback = says_so
    brand.handoff.save()
    brand.consumer("ana")
    brand.send("ana")
    brand.handoff.route_all_within_lookback = not says_so
    brand.handoff.save()

    deliver_all()

    assert ReplyRoute.objects.get().takes_all is says_so


def test_a_campaign_of_before_there_was_the_choice_takes_its_answer_alone(brand):
    """A deployment finds messages whose snapshot has no word of it."""
    brand.consumer("ana")
    campaign = brand.send("ana").campaign
    del campaign.handoff_snapshot["route_all_within_lookback"]
    campaign.save()

    deliver_all()

    assert ReplyRoute.objects.get().takes_all is False


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
    counting.fold_tallies(keep=1)
    assert created.campaign.tallies.all().totals() == before
    assert check_store(now=timezone.now()) == []


def deliver_once(lane):
    """A batch of what is due; what comes back is due again, and not looked at."""
    delivery.deliver("none")
    delivery.deliver(lane)


@pytest.fixture
def proxy(tmp_path, loopback_egress):
    server = ProxyServer(log=open_log(tmp_path / "calls.jsonl"))
    with run_in_thread(server):
        yield server


def use_proxy(brand, url):
    save_credential(
        app=brand.app, platform="android", provider="proxy", settings={"url": url}, by="tests"
    )


def test_a_push_proxy_is_asked_four_times_10_s_apart_and_not_again(brand, proxy):
    """D1: LivePerson's contract; a try that never reached it is none of the four."""
    brand.consumer("ana", platform="android", token="t")
    use_proxy(brand, "http://127.0.0.1:9/push")
    created = brand.send("ana")
    deliver_all()
    assert outcomes(created) == [("retry", "not_reached")]

    use_proxy(brand, proxy.url)
    proxy.orders.give("t", {"status": 503, "times": 10})
    for _ in range(3):
        make_due()
        deliver_all()
        row = OutboundMessage.objects.get()
        assert row.state == State.QUEUED
        assert 8 < (row.due_at - timezone.now()).total_seconds() <= 10
    make_due()
    deliver_all()

    assert states(created.campaign) == {"ana": (State.FAILED, "provider_unavailable")}
    assert proxy.log.entries == 4


def test_a_refused_credential_holds_its_app_and_nobody_loses_an_attempt(brand, proxy):
    """D1: 401 holds the app; it goes on when the credential is right again."""
    proxy.credential = "Basic YTpi"
    use_proxy(brand, proxy.url)
    for ref in ("ana", "bob"):
        brand.consumer(ref, platform="android", token=ref)
    created = brand.send("ana")
    deliver_all()
    assert outcomes(created) == [("misconfigured", "credential_refused")]
    assert Breaker.objects.open().get().reason == "credential_refused"

    held = brand.send("bob")
    deliver_all()
    assert OutboundMessage.objects.get(campaign=held.campaign).attempts == 0
    proxy.credential = ""
    Breaker.objects.update(probe_at=timezone.now())
    make_due()
    deliver_all()

    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert states(held.campaign) == {"bob": (State.SENT, "")}
    assert proxy.log.entries == 3


def test_403_of_a_proxy_ends_that_device_alone(brand, proxy):
    """D1"""
    use_proxy(brand, proxy.url)
    brand.consumer("ana", platform="android", token="gone")
    brand.consumer("bob", platform="android", token="fine")
    proxy.orders.give("gone", {"status": 403})

    created = brand.send("ana", "bob")
    deliver_all()

    assert states(created.campaign) == {
        "ana": (State.FAILED, "token_gone"),
        "bob": (State.SENT, ""),
    }
    assert list(Device.objects.registered().values_list("token", flat=True)) == ["fine"]


def test_a_device_that_was_asked_as_often_as_may_be_makes_way_for_the_next(brand, proxy):
    """D1, D28: four tries at the newest device, then one at the other."""
    consumer = brand.consumer("ana", platform="android", token="old")
    DeviceFactory(consumer=consumer, app=brand.app, platform="android", token="new")
    use_proxy(brand, proxy.url)
    proxy.orders.give("new", {"status": 503, "times": 100})
    created = brand.send("ana")

    for _ in range(8):
        deliver_once("proxy")
        make_due()

    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert outcomes(created) == [("retry", "provider_unavailable")] * 4 + [("accepted", "")]


def test_a_device_whose_answer_was_lost_twice_makes_way_for_the_next(brand, proxy):
    """D13, D28"""
    consumer = brand.consumer("ana", platform="android", token="old")
    DeviceFactory(consumer=consumer, app=brand.app, platform="android", token="new")
    use_proxy(brand, proxy.url)
    proxy.orders.give("new", {"reset": True, "times": 100})
    created = brand.send("ana")

    for _ in range(8):
        deliver_once("proxy")
        make_due()

    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert outcomes(created) == [("unknown", "answer_lost")] * 2 + [("accepted", "")]


def test_a_message_of_which_no_device_is_left_fails(brand, proxy):
    """D28: the one that remains has refused it."""
    consumer = brand.consumer("ana", platform="android", token="old")
    DeviceFactory(consumer=consumer, app=brand.app, platform="android", token="new")
    use_proxy(brand, proxy.url)
    proxy.orders.give("new", {"status": 400})
    created = brand.send("ana")
    deliver_once("proxy")

    Device.objects.filter(token="old").update(removed_at=timezone.now())
    deliver_once("proxy")

    assert states(created.campaign) == {"ana": (State.FAILED, "refused")}
