"""A12, A15: a campaign ends once, completed or cancelled, whoever is first; on real connections."""

from datetime import timedelta

import orjson
import pytest
from django.db import transaction
from django.utils import timezone

from campaigns import ledger
from campaigns.announcements import announce_settled
from campaigns.delivery import deliver
from campaigns.lanes import LANES
from campaigns.ledger import Settled
from campaigns.models import Campaign, OutboundMessage, State
from campaigns.services import cancel_campaign
from tests.campaigns.conftest import states
from tests.crowd import make_crowd
from tests.factories.webhooks import WebhookEndpointFactory
from tests.threads import at_once, other_worker, wait_for_a_lock
from webhooks.events import EventType
from webhooks.models import WebhookEvent

pytestmark = pytest.mark.django_db(transaction=True)

ENDS = [EventType.CAMPAIGN_COMPLETED, EventType.CAMPAIGN_CANCELLED]


@pytest.fixture
def brand():
    """Ten consumers, and a webhook for the ends of campaigns."""
    brand = make_crowd(10)
    WebhookEndpointFactory(account=brand.account, event_types=ENDS)
    return brand


def ends():
    return [orjson.loads(event.body) for event in WebhookEvent.objects.order_by("pk")]


def claim(count=1):
    return ledger.claim(lane="lab", limit=count, lease=timedelta(seconds=60))


@transaction.atomic
def settle(row):
    """As a worker does whose push was accepted."""
    now = timezone.now()
    announce_settled(ledger.settle([Settled(row.id, row.fence, State.SENT)], now=now), now=now)


def cancel(campaign):
    return cancel_campaign(campaign=campaign, by="ada", now=timezone.now())


def test_a_cancel_that_meets_the_last_message_leaves_the_campaign_completed(brand):
    campaign = brand.send("c1").campaign
    (row,) = claim()
    told = []

    with other_worker() as worker, transaction.atomic():
        settle(row)
        worker.start(lambda: told.append(cancel(campaign)))
        wait_for_a_lock()

    assert [payload["type"] for payload in ends()] == ["campaign.completed"]
    assert (told[0].cancelled, told[0].in_flight) == (0, 0)
    assert Campaign.objects.get().cancelled_at is None


def test_the_last_message_that_meets_a_cancel_leaves_the_campaign_cancelled(brand):
    campaign = brand.send("c1").campaign
    (row,) = claim()

    with other_worker() as worker, transaction.atomic():
        told = cancel(campaign)
        worker.start(lambda: settle(row))
        wait_for_a_lock()

    (payload,) = ends()
    assert (payload["type"], payload["data"]["inFlight"]) == ("campaign.cancelled", 1)
    assert (told.cancelled, told.in_flight) == (0, 1)
    assert states(campaign) == {"c1": (State.SENT, "")}


def test_a_campaign_with_a_message_left_is_cancelled_though_its_last_push_ends_meanwhile(brand):
    campaign = brand.send("c1", "c2").campaign
    (row,) = claim()

    with other_worker() as worker, transaction.atomic():
        settle(row)
        worker.start(lambda: cancel(campaign))
        wait_for_a_lock()

    (payload,) = ends()
    assert (payload["type"], payload["data"]["inFlight"]) == ("campaign.cancelled", 0)
    assert payload["data"]["counts"]["sent"] == payload["data"]["counts"]["cancelled"] == 1


def test_workers_are_not_held_up_by_a_cancel_that_waits_for_a_message(brand):
    """They would wait for each other, where it waits for what they settle."""
    campaign = brand.send("c1", "c2").campaign
    first = OutboundMessage.objects.select_for_update().order_by("pk")[:1]

    with other_worker() as worker, transaction.atomic():
        list(first)
        worker.start(lambda: cancel(campaign))
        wait_for_a_lock()
        with other_worker() as settling:
            settling.start(lambda: [settle(row) for row in claim(2)])
        assert states(campaign)["c2"] == (State.SENT, "")

    assert [payload["type"] for payload in ends()] == ["campaign.cancelled"]
    assert states(campaign)["c1"] == (State.CANCELLED, "campaign_cancelled")


def test_a_campaign_that_two_people_cancel_at_once_is_told_once(brand):
    campaign = brand.send("c1", "c2").campaign
    claim()
    told = []

    with other_worker() as worker, transaction.atomic():
        told.append(cancel(Campaign.objects.get()))
        worker.start(lambda: told.append(cancel(campaign)))
        wait_for_a_lock()

    assert [payload["type"] for payload in ends()] == ["campaign.cancelled"]
    assert [(one.cancelled, one.in_flight) for one in told] == [(1, 1), (1, 1)]


def test_campaigns_that_are_cancelled_while_they_go_out_end_once_each(brand, settings):
    settings.DELIVERY_CLAIM = 4
    refs = [f"c{n}" for n in range(1, 11)]
    campaigns = [brand.send(*refs).campaign for _ in range(20)]

    def work():
        while any(deliver(lane).claimed for lane in LANES):
            pass

    def cancel_all(some):
        for campaign in some:
            cancel(campaign)

    outcomes = at_once(
        work, work, lambda: cancel_all(campaigns), lambda: cancel_all(campaigns[::-1])
    )

    assert outcomes == [None] * 4

    told = {payload["data"]["campaignId"]: payload["type"] for payload in ends()}
    assert len(ends()) == len(told) == len(campaigns)
    cancelled = {c.public_id for c in Campaign.objects.filter(cancelled_at__isnull=False)}
    assert {key for key, kind in told.items() if kind == "campaign.cancelled"} == cancelled
    assert not OutboundMessage.objects.filter(state__in=["queued", "sending"]).exists()
