"""Tells a brand's administrators that a webhook was switched off."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.models import Role, User
from webhooks.models import WebhookEndpoint

logger = logging.getLogger(__name__)


def send_notices() -> None:
    """Mail each notice that is due, once; a mail that the server refused is due again."""
    due = WebhookEndpoint.objects.filter(is_notice_due=True).defer("sealed")
    for endpoint in due.select_related("account").order_by("pk"):
        if WebhookEndpoint.objects.filter(pk=endpoint.pk, is_notice_due=True).update(
            is_notice_due=False
        ):
            _send(endpoint)


def _send(endpoint: WebhookEndpoint) -> None:
    people = User.objects.filter(
        memberships__account=endpoint.account,
        memberships__role=Role.ADMINISTRATOR,
        is_active=True,
    )
    addresses = list(people.order_by("pk").values_list("email", flat=True))
    if not settings.HAS_EMAIL or not addresses:
        return
    body = render_to_string("webhooks/mail/disabled.txt", {"endpoint": endpoint})
    subject = f"A webhook of {endpoint.account.name} was switched off".replace("\n", " ")
    try:
        for address in addresses:
            send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [address])
    except (OSError, SMTPException) as error:
        logger.warning("Notice of webhook %s not mailed: %s", endpoint.pk, type(error).__name__)
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(is_notice_due=True)
