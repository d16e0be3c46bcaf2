"""What the pages of the settings read of webhooks and their deliveries."""

from datetime import datetime

from django.db.models import QuerySet

from accounts.models import Account
from webhooks.models import PENDING, UNDELIVERED, WebhookDelivery, WebhookEndpoint


def endpoints(account: Account) -> "QuerySet[WebhookEndpoint]":
    """Without their secrets, which take a decryption each."""
    return WebhookEndpoint.objects.present().filter(account=account).defer("sealed").order_by("-pk")


def deliveries(endpoint: WebhookEndpoint) -> "QuerySet[WebhookDelivery]":
    return WebhookDelivery.objects.filter(endpoint=endpoint).select_related("event")


def waiting(endpoint: WebhookEndpoint) -> int:
    return endpoint.deliveries.filter(state__in=PENDING).count()


def given_up_since(endpoint: WebhookEndpoint, since: datetime) -> int:
    return endpoint.deliveries.filter(state__in=UNDELIVERED, created_at__gte=since).count()
