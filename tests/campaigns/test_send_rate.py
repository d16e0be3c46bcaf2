"""D8: an account's send rate; what is beyond it waits, uncounted, and others go on."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import pace
from campaigns.delivery import deliver
from campaigns.models import MessageEvent, OutboundMessage, State
from common.limits import Limiter
from push.models import LabPush
from tests.campaigns.conftest import deliver_all, make_brand
from tests.campaigns.test_breakers import count_by_state, refs
from tests.crowd import make_crowd

pytestmark = pytest.mark.django_db


def limit(brand, rate):
    brand.account.messages_per_second = rate
    brand.account.save()


def test_no_more_messages_go_than_a_second_brings():
    brand = make_crowd(20)
    limit(brand, 5)
    created = brand.send(*refs(20))

    deliver("lab")
    assert LabPush.objects.count() == 5
    deliver_all()

    waiting = OutboundMessage.objects.filter(campaign=created.campaign, state=State.QUEUED)
    assert LabPush.objects.count() < 10
    assert set(waiting.values_list("attempts")) == {(0,)}
    assert not MessageEvent.objects.exclude(kind="push").exists()


def test_an_account_without_a_rate_goes_as_fast_as_it_can(brand):
    limited, free = make_crowd(10), make_brand()
    limit(limited, 2)
    for n in range(10):
        free.consumer(f"f{n}")
    slow, quick = limited.send(*refs(10)), free.send(*[f"f{n}" for n in range(10)])

    deliver("lab")

    assert count_by_state(slow) == {State.SENT: 2, State.QUEUED: 8}
    assert count_by_state(quick) == {State.SENT: 10}


def test_what_another_process_took_meanwhile_is_put_back_until_its_turn(monkeypatch):
    """Both looked, and saw the same tokens."""
    brand = make_crowd(10)
    limit(brand, 5)
    created = brand.send(*refs(10))
    monkeypatch.setattr(pace.Pace, "quotas", lambda self: {})

    now = timezone.now()
    deliver("lab")

    assert count_by_state(created) == {State.SENT: 5, State.QUEUED: 5}
    waiting = OutboundMessage.objects.filter(state=State.QUEUED).order_by("due_at")
    assert {(row.reason, row.attempts) for row in waiting} == {("send_rate", 0)}
    waits = [row.due_at - now for row in waiting]
    assert timedelta(seconds=0.2) <= waits[0]
    assert timedelta(seconds=0.8) <= waits[-1] - waits[0] < timedelta(seconds=0.81)


def test_the_rate_is_one_for_all_lanes():
    """D8: for each account and channel, not for each provider."""
    brand = make_crowd(4)
    limit(brand, 3)
    brand.consumer("ios-1", platform="ios")
    brand.send(*refs(4), "ios-1", "stranger")
    OutboundMessage.objects.filter(consumer_ref="ios-1").update(lane="none")

    deliver("none")
    deliver("lab")

    assert LabPush.objects.count() == 3


def test_messages_that_the_rules_refuse_use_up_no_rate():
    brand = make_crowd(2)
    limit(brand, 2)
    created = brand.send("x1", "x2", "x3", "x4", "c1", "c2")
    earlier = timezone.now() - timedelta(minutes=1)
    OutboundMessage.objects.filter(consumer_ref__startswith="x").update(lane="lab", due_at=earlier)

    for _ in range(3):
        deliver("lab")

    assert count_by_state(created) == {State.SENT: 2, State.SUPPRESSED: 4}


def test_without_redis_each_process_keeps_the_rate_for_itself(monkeypatch, tmp_path):
    alone = Limiter(f"unix://{tmp_path}/none")
    monkeypatch.setattr(pace, "limiter", lambda: alone)
    brand = make_crowd(10)
    limit(brand, 3)
    created = brand.send(*refs(10))

    deliver("lab")

    assert count_by_state(created) == {State.SENT: 3, State.QUEUED: 7}


def test_a_rate_costs_an_installation_that_has_none_one_query(django_assert_num_queries):
    with django_assert_num_queries(2):  # the rates, and the claim that finds nothing
        assert deliver("lab").claimed == 0
