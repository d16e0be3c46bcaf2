"""A15: what webhooks are told of campaigns and their messages."""

import threading
import time
from datetime import timedelta

import orjson
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns import ledger
from campaigns.announcements import announce_settled
from campaigns.delivery import deliver
from campaigns.ledger import Settled
from campaigns.models import EventKind, State
from campaigns.receipts import record_event
from campaigns.services import cancel_campaign
from tests.campaigns.conftest import deliver_all, make_brand, states
from tests.crowd import make_crowd
from tests.factories.webhooks import WebhookEndpointFactory
from tests.threads import at_once
from webhooks.events import EventType
from webhooks.models import WebhookDelivery, WebhookEvent


@pytest.fixture
def webhook(brand):
    return WebhookEndpointFactory(account=brand.account)


def told(*types):
    """Payloads in the order in which they were stored."""
    events = WebhookEvent.objects.order_by("pk")
    payloads = [orjson.loads(event.body) for event in events]
    return [payload for payload in payloads if not types or payload["type"] in types]


def test_each_end_of_a_message_is_told_with_its_reason(brand, webhook):
    brand.consumer("ana")
    brand.consumer("lab:gone")
    created = brand.send("ana", "lab:gone", "stranger")

    deliver_all()

    campaign = created.campaign
    by_consumer = {
        payload["data"]["consumerContent"]["inapp"]: payload
        for payload in told()
        if payload["type"].startswith("recipient.")
    }
    ids = {entry.recipient.ref: str(entry.public_id) for entry in created.accepted}
    assert {
        ref: (payload["type"], payload["data"]["status"], payload["data"]["reason"])
        for ref, payload in by_consumer.items()
    } == {
        "ana": ("recipient.sent", "sent", None),
        "lab:gone": ("recipient.failed", "failed", "token_gone"),
        "stranger": ("recipient.suppressed", "suppressed", "never_logged_in"),
    }
    assert by_consumer["ana"]["data"] == {
        "accountId": str(brand.account.number),
        "campaignId": campaign.public_id,
        "messageId": ids["ana"],
        "consumerContent": {"inapp": "ana"},
        "status": "sent",
        "reason": None,
        "appName": "com.brand.app",
    }


def test_a_message_whose_lookback_is_over_is_told_as_expired(brand, webhook):
    brand.send("ana", now=timezone.now() - timedelta(days=31))

    deliver_all()

    (payload,) = told("recipient.expired")
    assert payload["data"]["reason"] == "lookback_over"


def test_a_message_that_is_tried_again_is_not_told_of(brand, webhook):
    brand.consumer("lab:busy")
    brand.send("lab:busy")

    deliver_all()

    assert told() == []


def test_no_payload_has_the_text_of_a_message(brand, webhook):
    brand.consumer("ana")
    created = brand.send("ana")
    deliver_all()
    receipt(brand, created, EventKind.OPENED)

    bodies = WebhookEvent.objects.values_list("body", flat=True)

    assert len(bodies) == 4
    assert not any("Hi ana" in body for body in bodies)


def receipt(brand, created, kind):
    return record_event(
        account=brand.account,
        message_id=created.accepted[0].public_id,
        kind=kind,
        now=timezone.now(),
    )


def test_a_receipt_is_told_once_and_opened_tells_of_delivered_too(brand, webhook):
    brand.consumer("ana")
    created = brand.send("ana")
    deliver_all()

    receipt(brand, created, EventKind.OPENED)
    receipt(brand, created, EventKind.DELIVERED)
    receipt(brand, created, EventKind.OPENED)

    payloads = told("recipient.delivered", "recipient.opened")
    assert [payload["type"] for payload in payloads] == ["recipient.delivered", "recipient.opened"]
    assert payloads[1]["data"] == {
        "accountId": str(brand.account.number),
        "campaignId": created.campaign.public_id,
        "messageId": str(created.accepted[0].public_id),
        "consumerContent": {"inapp": "ana"},
        "status": "opened",
        "reason": None,
        "appName": "com.brand.app",
    }


def test_a_campaign_is_told_as_completed_when_its_last_message_is_final(brand, webhook):
    brand.consumer("ana")
    brand.consumer("lab:busy")
    created = brand.send("ana", "lab:busy", "stranger")
    deliver_all()
    assert told("campaign.completed") == []

    created.campaign.messages.filter(state="queued").update(due_at=timezone.now())
    deliver_all()

    (payload,) = told("campaign.completed")
    assert payload["data"] == {
        "accountId": str(brand.account.number),
        "campaignId": created.campaign.public_id,
        "campaignName": "Card renewal",
        "status": "completed",
        "counts": {
            "accepted": 3,
            "sent": 2,
            "suppressed": 1,
            "failed": 0,
            "expired": 0,
            "cancelled": 0,
        },
    }


def test_a_campaign_of_which_nobody_was_accepted_is_completed_as_it_begins(brand, webhook):
    brand.send("")

    (payload,) = told()
    assert payload["type"] == "campaign.completed"
    assert payload["data"]["counts"]["accepted"] == 0


def test_a_cancelled_campaign_is_told_once_and_not_as_completed(brand, webhook):
    """A12"""
    brand.consumer("ana")
    created = brand.send("ana", "bo")
    for _ in range(2):
        cancel_campaign(campaign=created.campaign, by="ada", now=timezone.now())
    deliver_all()

    (payload,) = told()
    assert payload["type"] == "campaign.cancelled"
    assert payload["data"]["counts"]["cancelled"] == 2
    assert payload["data"]["inFlight"] == 0


@pytest.mark.django_db(transaction=True)
def test_eight_workers_tell_each_campaign_s_completion_exactly_once(settings):
    """Side by side none of them sees the others' uncommitted rows: they take turns to count."""
    settings.DELIVERY_CLAIM = 8
    brand = make_crowd(64)
    WebhookEndpointFactory(account=brand.account, event_types=[EventType.CAMPAIGN_COMPLETED])
    campaigns = [brand.send(*[f"c{n}" for n in range(1, 65)]).campaign for _ in range(6)]

    def work() -> None:
        while any(deliver(lane).claimed for lane in ("none", "lab", "proxy")):
            pass

    assert at_once(*[work] * 8) == [None] * 8
    payloads = told()
    done = sorted(payload["data"]["campaignId"] for payload in payloads)
    assert done == sorted(campaign.public_id for campaign in campaigns)
    assert {payload["data"]["counts"]["sent"] for payload in payloads} == {64}


@pytest.mark.django_db(transaction=True)
def test_the_last_two_messages_settled_side_by_side_are_seen_by_one_of_two_workers():
    brand = make_crowd(2)
    WebhookEndpointFactory(account=brand.account, event_types=[EventType.CAMPAIGN_COMPLETED])
    brand.send("c1", "c2")
    first, second = ledger.claim(lane="lab", limit=2, lease=timedelta(seconds=30))
    is_first_settled = threading.Event()

    def settle(row, before_commit) -> None:
        now = timezone.now()
        with transaction.atomic():
            kept = ledger.settle([Settled(row.id, row.fence, State.SENT)], now=now)
            announce_settled(kept, now=now)
            before_commit()
        connection.close()

    def commit_late() -> None:
        is_first_settled.set()
        time.sleep(0.3)

    thread = threading.Thread(target=settle, args=(first, commit_late))
    thread.start()
    is_first_settled.wait(5)
    settle(second, lambda: None)
    thread.join()

    assert [payload["data"]["counts"]["sent"] for payload in told()] == [2]


def statements(*, touching=""):
    """The delivery of what is due, as statements."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        deliver_all()
    return [query["sql"] for query in captured if touching in query["sql"]]


def test_where_nobody_listens_a_slice_costs_one_small_query(brand):
    """A15: 100 messages are settled in one slice, or two when the machine is slow."""
    for n in range(100):
        brand.consumer(f"c{n}")
    brand.send(*[f"c{n}" for n in range(100)])

    asked = statements(touching="webhooks_")

    assert 1 <= len(asked) <= 3
    assert all(sql.lstrip().startswith("SELECT a.id, a.number, array_agg") for sql in asked)
    assert WebhookEvent.objects.count() == 0


def test_who_listens_to_something_else_costs_no_more(brand):
    WebhookEndpointFactory(account=brand.account, event_types=[EventType.CONVERSATION_CLOSED])
    WebhookEndpointFactory(account=make_brand().account)
    brand.consumer("ana")
    brand.send("ana")

    assert len(statements(touching="webhooks_")) == 1
    assert WebhookEvent.objects.count() == 0


def test_a_slice_is_told_in_two_statements_whatever_its_size(brand):
    WebhookEndpointFactory(account=brand.account, event_types=[EventType.RECIPIENT_SUPPRESSED])
    brand.send(*[f"c{n}" for n in range(100)])

    # Who listens, and one insert of events with deliveries.
    assert len(statements(touching="webhooks_")) == 2
    assert WebhookDelivery.objects.count() == 100


def test_an_endpoint_that_is_down_does_not_touch_a_campaign(brand):
    """D24: the campaign only writes rows; nobody is called."""
    endpoint = WebhookEndpointFactory(account=brand.account, url="https://127.0.0.1:9/nobody")
    brand.consumer("ana")

    created = brand.send("ana")
    deliver_all()

    assert states(created.campaign) == {"ana": ("sent", "")}
    assert set(endpoint.deliveries.values_list("state", "attempts")) == {("queued", 0)}
