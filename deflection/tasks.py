"""Celery's door: housekeeping of deflection calls."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from deflection.models import DeflectionCall

# Those that were taken up tell as much in their campaigns.
KEPT = timedelta(days=30)
BATCH = 2000


@shared_task
def forget_calls(**kwargs: Any) -> None:
    """Each batch is committed by itself."""
    old = DeflectionCall.objects.filter(created_at__lt=timezone.now() - KEPT)
    while batch := list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH]):
        DeflectionCall.objects.filter(pk__in=batch).delete()
