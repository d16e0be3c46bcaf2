"""Who uses an app: handoffs that name it, and what is going out to it."""

from dataclasses import dataclass

from django.db.models import Count

from accounts.models import App
from campaigns.models import PENDING, OutboundMessage
from handoffs.models import Handoff


@dataclass(frozen=True, slots=True)
class GoingOut:
    """Campaigns that name the app and have messages that are not final, and these messages."""

    campaigns: int
    messages: int


def handoffs_with(app: App) -> int:
    live = Handoff.objects.live().filter(account=app.account_id)
    return live.filter(app_names__contains=[app.bundle_id]).count()


def going_out_to(app: App) -> GoingOut:
    """What waits when the app has no credential: the same campaigns may reach other apps, too."""
    waiting = OutboundMessage.objects.filter(
        account=app.account_id,
        state__in=PENDING,
        campaign__handoff_snapshot__app_names__contains=[app.bundle_id],
    )
    counted = waiting.aggregate(campaigns=Count("campaign", distinct=True), messages=Count("pk"))
    return GoingOut(counted["campaigns"], counted["messages"])
