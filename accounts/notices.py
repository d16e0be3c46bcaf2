"""Mails to a brand's administrators about something that they have to look at."""

import logging
from collections.abc import Mapping
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.models import Role, User

logger = logging.getLogger(__name__)


def tell_administrators(
    *, account_id: int, subject: str, template: str, context: Mapping[str, Any]
) -> bool:
    """Mail each of them, where there is a mail server; False when it refused, for a later try."""
    people = User.objects.filter(
        memberships__account=account_id,
        memberships__role=Role.ADMINISTRATOR,
        is_active=True,
    )
    addresses = list(people.order_by("pk").values_list("email", flat=True))
    if not settings.HAS_EMAIL or not addresses:
        return True
    body = render_to_string(template, context)
    try:
        for address in addresses:
            send_mail(subject.replace("\n", " "), body, settings.DEFAULT_FROM_EMAIL, [address])
    except (OSError, SMTPException) as error:
        logger.warning("Notice %s not mailed: %s", template, type(error).__name__)
        return False
    return True
