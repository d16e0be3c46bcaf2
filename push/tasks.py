"""Celery's door: notices and housekeeping of breakers."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from push import breakers, mail


@shared_task
def send_notices(**kwargs: Any) -> None:
    mail.send_notices(now=timezone.now())


@shared_task
def forget_breakers(**kwargs: Any) -> None:
    breakers.forget(now=timezone.now())
