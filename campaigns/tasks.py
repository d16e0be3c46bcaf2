"""Celery's door: wake-ups for delivery, and housekeeping. No task carries work."""

import os
import socket
from collections.abc import Iterable
from datetime import timedelta
from time import monotonic
from typing import Any

from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from campaigns import counting, daily, idempotency
from campaigns.delivery import SLICE, deliver
from campaigns.lanes import ASIDE, queue_of
from campaigns.metrics import WAKE_UPS_LOST
from campaigns.models import Heartbeat
from common.wake_ups import wake_ups

# A task hands over to a fresh one after this, so that other lanes get their turn.
LONGEST_TASK_SECONDS = 1.0
# Rows of the daily figures that are taken at once, and how often in one task.
ROLL, MOST_ROLLS = 5000, 20
# Of a worker's children one at a time delivers what is aside, and only where no sweep does.
BUSY = "delivery-aside:{}:{}"
SWEEP_SILENCE = timedelta(seconds=30)

# By lane, how many messages this process has time for in one batch: more are claimed in vain.
_limits: dict[str, int] = {}


def wake(lanes: Iterable[str]) -> None:
    """Say "look now" for these lanes. A broker that is away only delays, by one sweep."""
    for lane in sorted(lanes):
        if lane == ASIDE and Heartbeat.is_fresh("sweep", since=timezone.now() - SWEEP_SILENCE):
            continue
        if not wake_ups().send(deliver_lane, queue=queue_of(lane), lane=lane):
            WAKE_UPS_LOST.inc()


@shared_task
def deliver_lane(*, lane: str, **kwargs: Any) -> None:
    if lane != ASIDE:
        _deliver(lane)
        return
    busy = BUSY.format(socket.gethostname(), os.getppid())
    if cache.add(busy, True, timeout=settings.DELIVERY_LEASE.total_seconds()):
        try:
            _deliver(lane)
        finally:
            cache.delete(busy)


def _deliver(lane: str) -> None:
    deadline = monotonic() + LONGEST_TASK_SECONDS
    while True:
        limit = _limits.get(lane, settings.DELIVERY_CLAIM)
        delivered = deliver(lane, limit=limit)
        wake(delivered.lanes - {lane})
        if not delivered.claimed:
            return
        if delivered.done < delivered.claimed:
            _limits[lane] = max(SLICE, delivered.done)
        elif delivered.claimed >= limit:
            _limits[lane] = limit * 5 // 4
        if monotonic() >= deadline:
            wake([lane])
            return


@shared_task
def heartbeat(**kwargs: Any) -> None:
    Heartbeat.beat("worker", timezone.now())


@shared_task
def roll_up_figures(**kwargs: Any) -> None:
    """Each batch is committed by itself; what is left is taken the next time."""
    for _ in range(MOST_ROLLS):
        if not daily.roll_up(limit=ROLL):
            return


@shared_task
def forget_idempotency_keys(**kwargs: Any) -> None:
    idempotency.forget_keys(now=timezone.now())


@shared_task
def fold_tallies(**kwargs: Any) -> None:
    counting.fold_tallies()
