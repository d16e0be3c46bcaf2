"""A15: what happens to an event on its way to a brand's endpoint."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from common.claims import claim
from tests.factories.webhooks import SECRET, WebhookEndpointFactory
from tests.live import wait_for
from tests.threads import at_once
from tests.webhooks.conftest import deliver_to_the_end, make_due, tell_sent
from webhooks import outbox
from webhooks.calls import SCHEDULE
from webhooks.delivery import deliver
from webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint, WebhookEvent
from webhooks.services import rotate_secret


def only():
    return WebhookDelivery.objects.get()


def seconds_until_due(delivery):
    return (delivery.due_at - timezone.now()).total_seconds()


def test_an_event_is_delivered_once_and_its_signature_verifies(account, endpoint, sink):
    tell_sent(account)

    deliver_to_the_end()

    (told,) = sink.verified()
    assert told["type"] == "recipient.sent"
    assert told["data"] == {"accountId": str(account.number)}
    delivery = only()
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("delivered", 1, 200)
    assert sink.ids() == [delivery.event.public_id]
    head, _ = sink.received()[0]
    assert head[""].startswith("POST /push ")
    assert head["content-type"] == "application/json"
    sent_at = datetime.fromtimestamp(int(head["webhook-timestamp"]), UTC)
    assert abs(timezone.now() - sent_at) < timedelta(seconds=10)


def test_a_changed_body_does_not_verify(account, endpoint, sink):
    tell_sent(account)
    deliver()
    head, body = sink.received()[0]

    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"sent", b"read"), head)


@pytest.mark.parametrize(
    ("order", "error", "status"),
    [
        ({"status": 500}, "refused", 500),
        ({"status": 404}, "refused", 404),
        ({"status": 301, "headers": {"location": "/elsewhere"}}, "redirected", 301),
        ({"status": 307, "headers": {"location": "/elsewhere"}}, "redirected", 307),
        ({"delay": 3.0}, "no_answer", None),
        ({"reset": True}, "no_answer", None),
        ({"drip": 0.2}, "no_answer", None),
    ],
)
def test_a_call_that_fails_is_repeated_with_the_same_id_and_body(
    account, endpoint, sink, order, error, status
):
    """D24: 3xx is a failure, and is not followed."""
    sink.order(order)
    tell_sent(account)

    deliver()

    waiting = only()
    assert (waiting.state, waiting.attempts) == ("queued", 1)
    assert (waiting.last_error, waiting.last_status) == (error, status)
    assert 4 < seconds_until_due(waiting) < 6
    deliver_to_the_end()
    (first, first_body), (second, second_body) = sink.received()
    assert first["webhook-id"] == second["webhook-id"] == waiting.event.public_id
    assert first_body == second_body
    assert (only().state, only().attempts) == ("delivered", 2)


def test_an_endpoint_that_is_away_is_tried_again(account, loopback_egress):
    WebhookEndpointFactory(account=account, url="http://127.0.0.1:9/nobody")
    tell_sent(account)

    deliver()

    assert (only().state, only().last_error) == ("queued", "not_reached")


def test_pauses_follow_the_schedule_of_standard_webhooks_and_then_it_is_dead(
    account, endpoint, sink
):
    sink.order({"status": 503, "times": 100})
    tell_sent(account)
    pauses = []
    for _ in range(len(SCHEDULE) + 1):
        make_due()
        deliver()
        if only().state == DeliveryState.QUEUED:
            pauses.append(seconds_until_due(only()))

    assert SCHEDULE == (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
    for pause, planned in zip(pauses, SCHEDULE, strict=True):
        assert planned - 2 < pause < planned * 1.1 + 1
    dead = only()
    assert (dead.state, dead.attempts, dead.last_status) == ("dead", 10, 503)
    assert len(set(sink.ids())) == 1
    deliver_to_the_end()
    assert len(sink.ids()) == 10


@pytest.mark.parametrize(
    ("asked", "pause"), [("120", 120), ("1", 5), ("999999999", 86_400), ("nonsense", 5)]
)
def test_retry_after_is_respected_up_to_a_day(account, endpoint, sink, asked, pause):
    sink.order({"status": 429, "headers": {"retry-after": asked}})
    tell_sent(account)

    deliver()

    assert pause - 1 < seconds_until_due(only()) <= pause * 1.1


def test_410_gives_up_at_once_and_switches_the_webhook_off(account, endpoint, sink):
    """D24"""
    sink.order({"status": 410, "times": 100})
    tell_sent(account)
    deliver()
    tell_sent(account)

    deliver_to_the_end()

    gone = only()
    assert (gone.state, gone.last_error, gone.attempts) == ("failed", "gone", 1)
    endpoint.refresh_from_db()
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "gone")
    assert len(sink.ids()) == 1


def test_what_waits_for_a_webhook_that_is_off_is_given_up_uncounted(account, endpoint, sink):
    sink.order({"status": 410})
    tell_sent(account, 3)
    deliver_to_the_end()

    rows = WebhookDelivery.objects.values_list("state", "last_error")
    assert {state for state, _ in rows} <= {"failed", "delivered"}
    assert ("failed", "gone") in list(rows)

    endpoint.refresh_from_db()
    assert not endpoint.is_enabled


def test_the_body_of_an_answer_is_read_up_to_64_kb(account, endpoint, sink):
    """D24: 200 and a body without an end is a delivery."""
    sink.order({"status": 200, "endless": True})
    tell_sent(account)

    deliver()

    assert (only().state, only().last_status) == ("delivered", 200)
    assert sink.flooded < 1_000_000


def test_a_large_body_that_is_announced_is_not_read(account, endpoint, sink):
    sink.order({"status": 500, "body": "x" * 1_000_000})
    tell_sent(account)

    deliver()

    assert (only().state, only().last_status) == ("queued", 500)


def test_nothing_of_an_answer_s_body_is_kept(account, endpoint, sink):
    """S5: who sets a URL must not read what stands behind it."""
    sink.order({"status": 500, "body": "inside-secret"})
    tell_sent(account)

    deliver()

    stored = [str(value) for row in WebhookDelivery.objects.values() for value in row.values()]
    assert not any("inside-secret" in value for value in stored)


def test_while_a_secret_is_rotated_both_verify_and_then_the_new_one_alone(account, endpoint, sink):
    new, _ = rotate_secret(endpoint=endpoint, by="tests", now=timezone.now())
    tell_sent(account)
    deliver()
    assert len(sink.verified(SECRET)) == len(sink.verified(new)) == 1
    sink.calls.clear()

    newer, _ = rotate_secret(endpoint=endpoint, by="tests", now=timezone.now() - timedelta(days=2))
    tell_sent(account)
    deliver()

    assert len(sink.verified(newer)) == 1
    for old in (SECRET, new):
        with pytest.raises(WebhookVerificationError):
            sink.verified(old)


def test_a_webhook_that_is_slow_holds_up_no_other(account, make_sink):
    slow, quick = make_sink(), make_sink()
    slow.order({"delay": 30.0, "times": 1000})
    for sink in (slow, quick):
        WebhookEndpointFactory(account=account, url=sink.url)
    tell_sent(account, 50)
    began = timezone.now()

    deliver()

    assert timezone.now() - began < timedelta(seconds=10)
    assert len(quick.verified()) == 50
    assert WebhookDelivery.objects.filter(state="delivered").count() == 50
    # Only what was begun counts; the rest waits without a try.
    waiting = WebhookDelivery.objects.filter(state="queued")
    assert waiting.count() == 50
    assert waiting.filter(attempts=0).exists()


@pytest.mark.django_db(transaction=True)
def test_while_one_webhook_is_slow_to_answer_the_others_are_told_what_happens(
    account, make_sink, settings
):
    """The batch has run out of calls, and its own time is over, too; what was changed meanwhile
    counts."""
    settings.WEBHOOK_TOTAL_TIMEOUT = 10.0
    slow, quick, moved = make_sink(), make_sink(), make_sink()
    slow.order({"delay": 2.0, "times": 2})
    for sink in (slow, quick):
        WebhookEndpointFactory(account=account, url=sink.url)
    tell_sent(account)

    def happen() -> None:
        wait_for(lambda: slow.ids() and quick.ids(), seconds=10, what="the first event")
        WebhookEndpoint.objects.filter(url=quick.url).update(url=moved.url)
        tell_sent(account)

    at_once(partial(deliver, seconds=0.1), happen)

    assert [len(sink.ids()) for sink in (slow, quick, moved)] == [1, 1, 1]


def test_one_webhook_that_cannot_be_signed_for_stops_no_other(account, endpoint, sink):
    broken = WebhookEndpointFactory(account=account, url=sink.url)
    other = WebhookEndpointFactory(account=account, url=sink.url)
    type(broken).objects.filter(pk=broken.pk).update(sealed=other.sealed)
    tell_sent(account)

    deliver()

    rows = WebhookDelivery.objects.order_by("endpoint_id").values_list("state", "last_error")
    assert list(rows) == [("delivered", ""), ("queued", "internal"), ("delivered", "")]


@pytest.mark.django_db(transaction=True)
def test_eight_workers_call_each_event_once(account, endpoint, sink):
    tell_sent(account, 200)

    def work() -> None:
        while deliver():
            pass

    assert at_once(*[work] * 8) == [None] * 8
    assert len(sink.ids()) == len(set(sink.ids())) == 200
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_a_worker_that_wakes_up_late_changes_nothing(account, endpoint, sink):
    """The fence: its lease ended, and another worker has the row."""
    tell_sent(account)
    lease = timedelta(seconds=30)
    (late,) = claim(outbox.QUEUE, limit=10, lease=lease)
    deliver_to_the_end()

    tried = outbox.Tried(late.id, late.fence, endpoint.pk, DeliveryState.DEAD, "no_answer")
    kept = outbox.record([tried], now=timezone.now())

    assert kept == set()
    assert only().state == "delivered"


def test_deliveries_are_forgotten_after_30_days_and_given_up_ones_after_90(account, endpoint, sink):
    now = timezone.now()
    tell_sent(account, 4)
    rows = WebhookDelivery.objects.order_by("pk")
    ages = [("delivered", 31), ("delivered", 29), ("dead", 89), ("failed", 91)]
    for row, (state, days) in zip(rows, ages, strict=True):
        ended = now - timedelta(days=days)
        rows.filter(pk=row.pk).update(state=state, finished_at=ended)
        WebhookEvent.objects.filter(pk=row.event_id).update(created_at=ended)

    limits = {
        "delivered": now - timedelta(days=30),
        "undelivered": now - timedelta(days=90),
        "limit": 1,
    }
    while outbox.forget(**limits):
        pass

    assert list(rows.values_list("state", flat=True)) == ["delivered", "dead"]
    kept = set(rows.values_list("event_id", flat=True))
    assert set(WebhookEvent.objects.values_list("pk", flat=True)) == kept
