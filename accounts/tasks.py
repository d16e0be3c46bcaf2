"""Work of accounts that nobody waits for."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from accounts import mail, sessions, tokens


@shared_task
def clear_expired_tokens(**kwargs: Any) -> None:
    tokens.forget_expired(now=timezone.now())


@shared_task
def forget_sessions(**kwargs: Any) -> None:
    sessions.forget_ended(now=timezone.now())


@shared_task
def send_invitation(*, membership_id: int, **kwargs: Any) -> None:
    mail.send_invitation(membership_id=membership_id)


@shared_task
def send_password_reset(*, email: str, **kwargs: Any) -> None:
    mail.send_password_reset(email=email)
