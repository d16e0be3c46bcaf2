"""C2, C6: devices that nobody has seen for long leave the registry, and nobody waits for it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from consumers import tasks
from consumers.models import Device
from consumers.services import mark_seen
from tests.factories.consumers import DeviceFactory


def seen(days, **fields):
    return DeviceFactory(last_seen_at=timezone.now() - timedelta(days=days), **fields)


def test_a_device_that_was_not_seen_for_270_days_leaves_as_stale(db, settings):
    settings.DEVICE_STALE_DAYS = 270
    old, gone = seen(271), seen(400, removed_at=timezone.now(), removed_reason="token_gone")
    new = seen(269)

    tasks.remove_stale_devices()

    old.refresh_from_db()
    gone.refresh_from_db()
    assert (old.removed_reason, gone.removed_reason) == ("stale", "token_gone")
    assert list(Device.objects.registered()) == [new]


def test_an_operator_may_keep_devices_for_longer_or_shorter(db, settings):
    settings.DEVICE_STALE_DAYS = 60
    seen(61)
    kept = seen(59)

    tasks.remove_stale_devices()

    assert list(Device.objects.registered()) == [kept]


def test_stale_devices_leave_in_batches(db, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(tasks, "BATCH", 2)
    for _ in range(5):
        seen(300)

    # Two, two, one, and none.
    with django_assert_num_queries(4):
        tasks.remove_stale_devices()

    assert not Device.objects.registered().exists()


def test_one_run_has_an_end_and_the_next_goes_on(db, monkeypatch):
    monkeypatch.setattr(tasks, "BATCH", 2)
    monkeypatch.setattr(tasks, "MOST_BATCHES", 2)
    for _ in range(5):
        seen(300)

    tasks.remove_stale_devices()
    assert Device.objects.registered().count() == 1
    tasks.remove_stale_devices()
    assert not Device.objects.registered().exists()


@pytest.mark.django_db(transaction=True)
def test_a_device_that_somebody_has_in_hand_is_left_and_nobody_waits_for_it():
    """Its app may be registering it this moment."""
    held = seen(300)
    seen(301)

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Device.objects.select_for_update().get(pk=held.pk)
        pool.submit(_run_in_thread).result(timeout=20)

    assert list(Device.objects.registered()) == [held]


def _run_in_thread():
    try:
        tasks.remove_stale_devices()
    finally:
        connection.close()


def test_stale_devices_are_found_without_reading_the_others(db):
    DeviceFactory.create_batch(200)
    seen(300)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE consumers_device")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM consumers_device WHERE removed_at IS NULL"
            " AND last_seen_at < now() - interval '270 days' ORDER BY last_seen_at LIMIT 1000"
        )
        plan = " ".join(line for (line,) in cursor.fetchall())

    assert "device_unseen" in plan
    assert "Sort" not in plan


def test_a_device_that_is_seen_is_written_once_a_day(db):
    device = seen(2)
    now = timezone.now()

    mark_seen(device_id=device.pk, now=now)
    mark_seen(device_id=device.pk, now=now + timedelta(hours=23))

    device.refresh_from_db()
    assert device.last_seen_at == now
