"""What a brand's webhooks were told of one campaign, and what came of it."""

from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import Count, Q

from accounts.models import Account
from webhooks.models import PENDING, UNDELIVERED, DeliveryState, WebhookDelivery


@dataclass(frozen=True, slots=True)
class Told:
    """Deliveries of one type of event to one webhook."""

    webhook_id: UUID
    host: str
    type: str
    delivered: int
    waiting: int
    given_up: int


def told_of(account: Account, campaign_id: str) -> list[Told]:
    """By webhook and type of event. Deliveries are kept for some weeks only.

    A URL may have a secret in it, and so its host alone is told.
    """
    of_campaign = WebhookDelivery.objects.filter(
        event__account=account, event__campaign_id=campaign_id, endpoint__deleted_at=None
    )
    rows = of_campaign.values_list("endpoint__public_id", "endpoint__url", "event__type").annotate(
        delivered=Count("pk", filter=Q(state=DeliveryState.DELIVERED)),
        waiting=Count("pk", filter=Q(state__in=PENDING)),
        given_up=Count("pk", filter=Q(state__in=UNDELIVERED)),
    )
    found = [Told(row[0], urlsplit(row[1]).hostname or "", *row[2:]) for row in rows]
    return sorted(found, key=lambda told: (told.host, told.webhook_id, told.type))
