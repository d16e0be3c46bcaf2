"""Tells a brand's administrators that a webhook was switched off."""

from accounts.notices import tell_administrators
from webhooks.models import WebhookEndpoint


def send_notices() -> None:
    """Mail each notice that is due, once; a mail that the server refused is due again."""
    due = WebhookEndpoint.objects.filter(is_notice_due=True).defer("sealed")
    for endpoint in due.select_related("account").order_by("pk"):
        if WebhookEndpoint.objects.filter(pk=endpoint.pk, is_notice_due=True).update(
            is_notice_due=False
        ):
            _send(endpoint)


def _send(endpoint: WebhookEndpoint) -> None:
    is_done = tell_administrators(
        account_id=endpoint.account_id,
        subject=f"A webhook of {endpoint.account.name} was switched off",
        template="webhooks/mail/disabled.txt",
        context={"endpoint": endpoint},
    )
    if not is_done:
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(is_notice_due=True)
