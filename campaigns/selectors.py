"""Reads of campaigns: the account's, one with its counts, its recipients, one recipient's story."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Now
from django.db.models.lookups import GreaterThan, IsNull

from accounts.models import Account
from campaigns.models import (
    FINAL,
    Campaign,
    CampaignTally,
    EventKind,
    MessageEvent,
    OutboundMessage,
    State,
)
from campaigns.reasons import explanation
from consumers.models import Device
from conversations.models import ReplyRoute
from handoffs.models import Handoff

SENTENCES = {
    "accepted": "Accepted.",
    EventKind.WORKER_LOST: "Taken over from a worker that went away; the push may go out again.",
    EventKind.ERROR: "Something broke on our side; it is tried again.",
    EventKind.DELIVERED: "The app showed it.",
    EventKind.OPENED: "Tapped.",
    EventKind.REPLAYED: "Put on its way again by hand.",
    "replied": "Answered.",
}
OUTCOME_SENTENCES = {
    "accepted": "The provider took the push.",
    "retry": "The provider asks for patience; it is tried again.",
    "unknown": "The provider's answer was lost.",
    "unregistered": "The provider says that the app was removed.",
    "rejected": "The provider refused the push.",
    "misconfigured": "The provider refused the app's credential; it is tried again.",
}

_MESSAGES = OutboundMessage.objects.filter(campaign=OuterRef("pk"))
# The first entry of an index each, whatever the number of recipients. No EXISTS: that could be
# planned as a hash of what is under way in all campaigns. And in the index's order: without one,
# where a campaign is a good part of the table, all of the table could be read for its first row.
_OPENS_AT = Subquery(_MESSAGES.scheduled().order_by("due_at").values("due_at")[:1])
_UNDER_WAY = Subquery(_MESSAGES.under_way().order_by("due_at").values("pk")[:1])
# All messages of a campaign that are not final wait for their time; asked of planned ones alone.
IS_SCHEDULED = Q(GreaterThan(_OPENS_AT, Now())) & Q(IsNull(_UNDER_WAY, True))


@dataclass(frozen=True, slots=True)
class CampaignCounts:
    accepted: int
    waiting: int
    sent: int
    suppressed: int
    failed: int
    expired: int
    cancelled: int
    delivered: int
    opened: int


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    at: datetime
    what: str
    sentence: str
    device_id: UUID | None = None
    provider: str = ""
    outcome: str = ""
    reason: str = ""
    detail: str = ""
    elapsed_ms: int | None = None


def campaigns_of(account: Account) -> QuerySet[Campaign]:
    return Campaign.objects.filter(account=account).select_related("handoff")


def count_campaigns_by_handoff(handoffs: Iterable[Handoff], *, since: datetime) -> dict[int, int]:
    """How many calls named each of the handoffs since then, in one query; without those of none."""
    recent = Campaign.objects.filter(handoff__in=handoffs, created_at__gte=since)
    counted = recent.values_list("handoff_id").annotate(n=Count("pk"))
    return dict(counted)


def find_campaign(account: Account, public_id: str) -> Campaign:
    """:raises Campaign.DoesNotExist: the account has no such campaign."""
    return campaigns_of(account).get(public_id=public_id)


def counts(campaign: Campaign) -> CampaignCounts:
    """From the tallies: no recipient is counted, and the figures are exact at any moment."""
    return counts_by_campaign([campaign])[campaign.pk]


def counts_by_campaign(campaigns: Sequence[Campaign]) -> dict[int, CampaignCounts]:
    """The counts of a page of campaigns, in one query."""
    totals: dict[int, dict[str, int]] = {campaign.pk: {} for campaign in campaigns}
    rows = CampaignTally.objects.filter(campaign__in=totals).values_list("campaign_id", "state")
    for campaign_id, state, total in rows.annotate(total=Sum("n")):
        totals[campaign_id][state] = total
    return {pk: counts_from(of_campaign) for pk, of_campaign in totals.items()}


def counts_from(totals: Mapping[str, int]) -> CampaignCounts:
    """The counts of a campaign from its totals by state."""
    final = sum(totals.get(state, 0) for state in FINAL)
    return CampaignCounts(
        accepted=totals.get("accepted", 0),
        waiting=totals.get("accepted", 0) - final,
        sent=totals.get(State.SENT, 0),
        suppressed=totals.get(State.SUPPRESSED, 0),
        failed=totals.get(State.FAILED, 0),
        expired=totals.get(State.EXPIRED, 0),
        cancelled=totals.get(State.CANCELLED, 0),
        delivered=totals.get("delivered", 0),
        opened=totals.get("opened", 0),
    )


def next_openings(campaigns: Sequence[Campaign]) -> dict[int, datetime]:
    """When each scheduled campaign goes on: of all its messages that are not final, none may go
    out now. Campaigns without a schedule are not asked about."""
    planned = [campaign.pk for campaign in campaigns if campaign.windows or campaign.start_at]
    if not planned:
        return {}
    scheduled = Campaign.objects.filter(IS_SCHEDULED, pk__in=planned)
    return dict(scheduled.values_list("pk").annotate(opens_at=_OPENS_AT))


def recipients(campaign: Campaign) -> QuerySet[OutboundMessage]:
    return OutboundMessage.objects.filter(campaign=campaign)


def routes_by_message(messages: Sequence[OutboundMessage]) -> dict[UUID, ReplyRoute]:
    """The reply routes of these messages, with their conversations: replies are read from there.

    Without the texts, which the messages have.
    """
    routes = ReplyRoute.objects.filter(message_id__in=[m.public_id for m in messages])
    shown = routes.select_related("conversation").defer("title", "text")
    return {route.message_id: route for route in shown}


def timeline(message: OutboundMessage, route: ReplyRoute | None) -> list[TimelineEntry]:
    """What happened to a message, oldest first, each line with a sentence for people."""
    entries = [TimelineEntry(message.created_at, "accepted", SENTENCES["accepted"])]
    events = list(message.events.order_by("id"))
    devices = Device.objects.in_bulk({event.device_id for event in events if event.device_id})
    for event in events:
        device = devices.get(event.device_id) if event.device_id else None
        entries.append(_entry(event, device.public_id if device else None))
    if route is not None and route.replied_at is not None:
        entries.append(TimelineEntry(route.replied_at, "replied", SENTENCES["replied"]))
    return sorted(entries, key=lambda entry: entry.at)


def _entry(event: MessageEvent, device_id: UUID | None) -> TimelineEntry:
    if event.kind == EventKind.PUSH:
        sentence = OUTCOME_SENTENCES.get(event.outcome, event.outcome)
    elif event.kind in {EventKind.DECIDED, EventKind.CANCELLED, EventKind.DEFERRED}:
        sentence = explanation(event.reason).sentence
    else:
        sentence = SENTENCES.get(event.kind, event.kind)
    return TimelineEntry(
        event.at,
        event.kind,
        sentence,
        device_id,
        event.provider,
        event.outcome,
        event.reason,
        event.detail,
        event.elapsed_ms,
    )
