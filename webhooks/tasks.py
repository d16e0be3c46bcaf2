"""Celery's door: wake-ups for webhooks, notices and housekeeping. No task carries work."""

import os
import socket
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from common.claims import is_due
from common.wake_ups import wake_ups
from webhooks import mail, outbox
from webhooks.delivery import deliver, longest_run
from webhooks.metrics import WAKE_UPS_LOST

HOOKS_QUEUE = "hooks"
# Of a worker's children one at a time makes calls: slow endpoints never take all of them.
BUSY = "webhooks-busy:{}:{}"
KEPT_DELIVERED = timedelta(days=30)
KEPT_UNDELIVERED = timedelta(days=90)
BATCH = 2000
MOST_BATCHES = 20


def wake() -> None:
    """Say "look now". A broker that is away only delays, by one sweep."""
    if not wake_ups().send(deliver_hooks, queue=HOOKS_QUEUE):
        WAKE_UPS_LOST.inc()


@shared_task
def deliver_hooks(**kwargs: Any) -> None:
    busy = BUSY.format(socket.gethostname(), os.getppid())
    if not cache.add(busy, True, timeout=longest_run()):
        return
    try:
        deliver()
    finally:
        cache.delete(busy)
    # What came while this child held the others off, and what there was no time for.
    if is_due(outbox.QUEUE):
        wake()


@shared_task
def send_notices(**kwargs: Any) -> None:
    mail.send_notices()


@shared_task
def forget_old(**kwargs: Any) -> None:
    now = timezone.now()
    for _ in range(MOST_BATCHES):
        deleted = outbox.forget(
            delivered=now - KEPT_DELIVERED, undelivered=now - KEPT_UNDELIVERED, limit=BATCH
        )
        if not deleted:
            return
