"""Recipients of a campaign, and campaigns, as lines of CSV: however many, in little memory."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from accounts.models import Account
from campaigns.models import Campaign, OutboundMessage
from campaigns.overviews import Overview, overviews_of
from campaigns.reasons import explanation
from common.spreadsheet import csv_lines
from common.times import json_time
from conversations.selectors import Answer, answers_to

CHUNK = 1000
COLUMNS = (
    "id",
    "consumer",
    "status",
    "reason",
    "explanation",
    "attempts",
    "appName",
    "createdAt",
    "finishedAt",
    "expiresAt",
    "deliveredAt",
    "openedAt",
    "repliedAt",
    "conversationId",
    "title",
    "text",
)
CAMPAIGN_COLUMNS = (
    "id",
    "name",
    "status",
    "handoffId",
    "handoff",
    "apps",
    "skill",
    "source",
    "createdAt",
    "cancelledAt",
    "requested",
    "rejected",
    "accepted",
    "waiting",
    "sent",
    "delivered",
    "opened",
    "replied",
    "suppressed",
    "failed",
    "expired",
    "cancelled",
)


def recipient_lines(rows: QuerySet[OutboundMessage]) -> Iterator[str]:
    return csv_lines(COLUMNS, _cells(rows))


def _cells(rows: QuerySet[OutboundMessage]) -> Iterator[list[Any]]:
    for page in _pages(rows.order_by("pk")):
        answers = answers_to([message.public_id for message in page])
        for message in page:
            yield _row(message, answers.get(message.public_id))


def _pages(rows: QuerySet[OutboundMessage]) -> Iterator[list[OutboundMessage]]:
    page = list(rows[:CHUNK])
    while page:
        yield page
        page = list(rows.filter(pk__gt=page[-1].pk)[:CHUNK])


def _row(message: OutboundMessage, answer: Answer | None) -> list[Any]:
    return [
        message.public_id,
        message.consumer_ref,
        message.state,
        message.reason,
        explanation(message.reason).sentence if message.reason else "",
        message.attempts,
        message.app_name,
        json_time(message.created_at),
        json_time(message.finished_at),
        json_time(message.expires_at),
        json_time(message.delivered_at),
        json_time(message.opened_at),
        json_time(answer.replied_at) if answer else None,
        answer.conversation_id if answer else None,
        message.title,
        message.text,
    ]


def campaign_lines(account: Account, campaigns: QuerySet[Campaign]) -> Iterator[str]:
    """The newest first, as the list tells them."""
    return csv_lines(CAMPAIGN_COLUMNS, _campaign_cells(account, campaigns.order_by("-pk")))


def _campaign_cells(account: Account, campaigns: QuerySet[Campaign]) -> Iterator[list[Any]]:
    page = list(campaigns[:CHUNK])
    while page:
        yield from map(_campaign_row, overviews_of(account, page))
        page = list(campaigns.filter(pk__lt=page[-1].pk)[:CHUNK])


def _campaign_row(one: Overview) -> list[Any]:
    campaign, counts = one.campaign, one.counts
    return [
        campaign.public_id,
        campaign.name,
        one.state,
        campaign.handoff_snapshot["id"],
        campaign.handoff_snapshot["title"],
        " ".join(one.app_names),
        campaign.skill_name,
        campaign.source,
        json_time(campaign.created_at),
        json_time(campaign.cancelled_at),
        campaign.requested,
        one.rejected,
        counts.accepted,
        counts.waiting,
        counts.sent,
        counts.delivered,
        counts.opened,
        one.replied,
        counts.suppressed,
        counts.failed,
        counts.expired,
        counts.cancelled,
    ]
