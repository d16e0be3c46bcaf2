"""Who makes the calls: workers that were woken, and the sweep when nobody was."""

import os
import socket
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from tests.webhooks.conftest import tell_sent
from webhooks import tasks
from webhooks.models import WebhookDelivery, WebhookEvent


def states():
    return list(WebhookDelivery.objects.values_list("state", flat=True))


def test_a_worker_that_is_woken_makes_the_calls(account, endpoint, sink):
    tell_sent(account)

    tasks.deliver_hooks()

    assert states() == ["delivered"]


def test_of_a_worker_s_children_one_at_a_time_makes_calls(account, endpoint, sink):
    """D24: slow endpoints never take all of them."""
    tell_sent(account)
    busy = tasks.BUSY.format(socket.gethostname(), os.getppid())
    cache.add(busy, True)

    tasks.deliver_hooks()
    assert states() == ["queued"]

    cache.delete(busy)
    tasks.deliver_hooks()
    assert states() == ["delivered"]
    assert cache.get(busy) is None


@pytest.mark.parametrize(("seconds", "state"), [(0, "queued"), (60, "delivered")])
def test_the_sweep_delivers_what_nobody_was_woken_for(
    account, endpoint, sink, settings, seconds, state
):
    settings.SWEEP_OVERDUE = 5
    tell_sent(account)
    due_at = timezone.now() - timedelta(seconds=seconds)
    WebhookDelivery.objects.update(due_at=due_at)

    call_command("sweep", once=True)

    assert states() == [state]


def test_workers_are_woken_after_the_commit(
    account, endpoint, sink, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as callbacks:
        tell_sent(account, 3)

    assert callbacks == [tasks.wake]


def test_the_log_of_a_deleted_webhook_is_forgotten_and_its_events_when_they_are_old(
    account, endpoint, sink
):
    tell_sent(account, 2)
    tasks.deliver_hooks()
    now = timezone.now()
    type(endpoint).objects.update(
        is_enabled=False, disabled_reason="by_hand", disabled_at=now, deleted_at=now
    )

    tasks.forget_old()

    assert states() == []
    assert WebhookEvent.objects.count() == 2
    WebhookEvent.objects.update(created_at=now - timedelta(days=31))
    tasks.forget_old()
    assert WebhookEvent.objects.count() == 0
