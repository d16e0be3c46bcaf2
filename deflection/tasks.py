"""Celery's door: housekeeping of deflection calls."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from deflection.models import DeflectionCall

# Those that were taken up tell as much in their campaigns.
KEPT = timedelta(days=30)


@shared_task
def forget_calls(**kwargs: Any) -> None:
    DeflectionCall.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
