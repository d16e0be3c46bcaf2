"""Which campaigns of an account a list shows."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import Account
from campaigns.models import FINAL, Campaign, CampaignTally
from campaigns.selectors import IS_SCHEDULED, campaigns_of

# As `campaign_state` names them.
STATUSES = ("scheduled", "sending", "completed", "cancelled")

# What is final of a campaign, from its tallies.
_FINISHED = Coalesce(
    Subquery(
        CampaignTally.objects.filter(campaign=OuterRef("pk"), state__in=FINAL)
        .values("campaign")
        .annotate(total=Sum("n"))
        .values("total")
    ),
    0,
)
_PLANNED = Q(windows__isnull=False) | Q(start_at__isnull=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFilter:
    """None does not narrow. ``name`` is a part of it, in any case; ``text`` a part of the name or
    of the handoff's title, or the id of either. The time is from ``since`` on and before ``until``.
    """

    status: str | None = None
    handoff_id: str | None = None
    skill: str | None = None
    name: str | None = None
    text: str | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def find_campaigns(account: Account, wanted: CampaignFilter) -> QuerySet[Campaign]:
    """A status reads one or two recipients of each unfinished campaign with a schedule."""
    conditions = {
        "handoff__public_id": wanted.handoff_id,
        "skill_name": wanted.skill,
        "name__icontains": wanted.name,
        "source": wanted.source,
        "created_at__gte": wanted.since,
        "created_at__lt": wanted.until,
    }
    given = {lookup: value for lookup, value in conditions.items() if value is not None}
    campaigns = campaigns_of(account).filter(**given)
    if wanted.text is not None:
        campaigns = campaigns.filter(_found_by(wanted.text))
    return campaigns if wanted.status is None else _with_status(campaigns, wanted.status)


def _found_by(text: str) -> Q:
    by_name = Q(name__icontains=text) | Q(handoff__title__icontains=text)
    return by_name | Q(public_id=text) | Q(handoff__public_id=text)


def _with_status(campaigns: QuerySet[Campaign], status: str) -> QuerySet[Campaign]:
    if status == "cancelled":
        return campaigns.filter(cancelled_at__isnull=False)
    campaigns = campaigns.filter(cancelled_at__isnull=True).alias(finished=_FINISHED)
    if status == "completed":
        return campaigns.filter(finished__gte=F("accepted"))
    unfinished = campaigns.filter(finished__lt=F("accepted"))
    if status == "scheduled":
        return unfinished.filter(_PLANNED, IS_SCHEDULED)
    return unfinished.filter(~_PLANNED | ~IS_SCHEDULED)
