"""Celery's door: wake-ups for delivery, and housekeeping. No task carries work."""

import logging
from collections.abc import Iterable
from time import monotonic
from typing import Any

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from campaigns import counting, idempotency
from campaigns.delivery import deliver
from campaigns.lanes import queue_of
from campaigns.metrics import WAKE_UPS_LOST
from campaigns.models import Heartbeat

logger = logging.getLogger(__name__)

# A task hands over to a fresh one after this, so that a warm shutdown does not wait for a campaign.
LONGEST_TASK_SECONDS = 5.0


def wake(lanes: Iterable[str]) -> None:
    """Say "look now" for these lanes. A broker that is away only delays, by one sweep."""
    for lane in sorted(lanes):
        try:
            deliver_lane.apply_async(kwargs={"lane": lane}, queue=queue_of(lane), retry=False)
        except (OperationalError, OSError) as error:
            WAKE_UPS_LOST.inc()
            logger.warning("Wake-up for lane %s lost: %s", lane, type(error).__name__)
            return


@shared_task
def deliver_lane(*, lane: str, **kwargs: Any) -> None:
    deadline = monotonic() + LONGEST_TASK_SECONDS
    while True:
        delivered = deliver(lane)
        wake(delivered.lanes - {lane})
        if not delivered.claimed:
            return
        if monotonic() >= deadline:
            wake([lane])
            return


@shared_task
def heartbeat(**kwargs: Any) -> None:
    Heartbeat.beat("worker", timezone.now())


@shared_task
def forget_idempotency_keys(**kwargs: Any) -> None:
    idempotency.forget_keys(now=timezone.now())


@shared_task
def fold_tallies(**kwargs: Any) -> None:
    counting.fold_tallies()
