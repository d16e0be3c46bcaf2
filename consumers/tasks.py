"""Celery's door: housekeeping of the registry."""

import logging
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from consumers import ageing

logger = logging.getLogger(__name__)

BATCH = 1000
MOST_BATCHES = 100


@shared_task
def remove_stale_devices(**kwargs: Any) -> None:
    """Each batch is committed by itself; what is left is taken the next time."""
    now = timezone.now()
    unseen_since = now - timedelta(days=settings.DEVICE_STALE_DAYS)
    removed = 0
    for _ in range(MOST_BATCHES):
        batch = ageing.remove_stale_devices(unseen_since=unseen_since, now=now, limit=BATCH)
        removed += batch
        if not batch:
            break
    logger.info("Removed %d devices that were not seen since %s", removed, unseen_since.date())
