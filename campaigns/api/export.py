"""The recipients of a campaign as CSV, streamed: any number of them, in little memory."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from rest_framework.request import Request

from campaigns.api.base import CampaignView
from campaigns.api.recipients import wanted_recipients
from campaigns.models import OutboundMessage
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


class RecipientsCsv(CampaignView):
    """``status`` and ``reason`` filter, as in the list."""

    def get(self, request: Request, account_number: int, campaign_id: str) -> StreamingHttpResponse:
        rows = wanted_recipients(self.campaign, request.query_params)
        name = f"campaign-{self.campaign.public_id}-recipients.csv"
        return StreamingHttpResponse(
            csv_lines(COLUMNS, _cells(rows)),
            content_type="text/csv; charset=utf-8; header=present",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


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
