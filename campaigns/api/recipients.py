"""The recipients of a campaign, in our words and in LivePerson's."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import selectors
from campaigns.api.base import CampaignView
from campaigns.models import Campaign, OutboundMessage, State
from campaigns.reasons import campaign_status, explanation, recipient_status
from common.cursors import read_page
from common.json_body import is_storable
from common.query import Query
from common.times import json_time
from conversations.models import ReplyRoute

# Told of one recipient alone: of all of a campaign they may be hundreds of megabytes.
TEXTS = ("title", "text")


class CampaignRecipients(CampaignView):
    """Recipients with status and reason; ``status`` and ``reason`` filter, a cursor pages."""

    def get(self, request: Request, account_number: int, campaign_id: str) -> Response:
        rows = wanted_recipients(self.campaign, request.query_params).defer(*TEXTS)
        page, place = read_page(rows, request.query_params, newest_first=False)
        routes = selectors.routes_by_message(page)
        recipients = [recipient_json(row, routes.get(row.public_id)) for row in page]
        return Response({"recipients": recipients, **place})


def wanted_recipients(
    campaign: Campaign, parameters: Mapping[str, str]
) -> QuerySet[OutboundMessage]:
    """A reason that does not exist finds nothing.

    :raises InvalidRequest: ``status`` is not one.
    """
    query = Query(parameters)
    status, word = query.choice("status", State.values), parameters.get("reason")
    query.raise_if_invalid()
    rows = selectors.recipients(campaign)
    if status is not None:
        rows = rows.filter(state=status)
    if word is not None:
        rows = rows.filter(reason=word) if is_storable(word) else rows.none()
    return rows


def recipient_json(message: OutboundMessage, route: ReplyRoute | None) -> dict[str, Any]:
    why = explanation(message.reason) if message.reason else None
    conversation = route.conversation if route else None
    return {
        "id": str(message.public_id),
        "consumerContent": {"inapp": message.consumer_ref},
        "status": message.state,
        "reason": message.reason or None,
        "explanation": why.sentence if why else None,
        "remedy": why.remedy if why else None,
        "attempts": message.attempts,
        "appName": message.app_name or None,
        "createdAt": json_time(message.created_at),
        "nextTryAt": json_time(message.due_at) if message.state == State.QUEUED else None,
        "finishedAt": json_time(message.finished_at),
        "expiresAt": json_time(message.expires_at),
        "deliveredAt": json_time(message.delivered_at),
        "openedAt": json_time(message.opened_at),
        "repliedAt": json_time(route.replied_at) if route else None,
        "conversationId": str(conversation.public_id) if conversation else None,
    }


class CampaignRecipient(CampaignView):
    """One recipient: what was sent, and its timeline."""

    def get(
        self, request: Request, account_number: int, campaign_id: str, message_id: str
    ) -> Response:
        message = selectors.recipients(self.campaign).filter(public_id=UUID(message_id)).first()
        if message is None:
            raise Http404
        route = selectors.routes_by_message([message]).get(message.public_id)
        entries = selectors.timeline(message, route)
        return Response(
            {
                **recipient_json(message, route),
                "title": message.title,
                "text": message.text,
                "timeline": [_entry_json(entry) for entry in entries],
            }
        )


def _entry_json(entry: selectors.TimelineEntry) -> dict[str, Any]:
    named = {
        "at": json_time(entry.at),
        "event": entry.what,
        "sentence": entry.sentence,
        "deviceId": str(entry.device_id) if entry.device_id else None,
        "provider": entry.provider,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "detail": entry.detail,
        "elapsedMs": entry.elapsed_ms,
    }
    return {name: value for name, value in named.items() if value not in ("", None)}


class CampaignConversations(CampaignView):
    """LivePerson's status list (``liveperson.md`` 1.7), with its own words (A18)."""

    def get(self, request: Request, account_number: int, campaign_id: str) -> Response:
        counts = selectors.counts(self.campaign)
        messages = list(selectors.recipients(self.campaign).defer(*TEXTS).order_by("pk"))
        routes = selectors.routes_by_message(messages)
        return Response(
            {
                "campaignStatus": campaign_status(self.campaign, counts.waiting),
                "conversations": [_conversation_json(m, routes.get(m.public_id)) for m in messages],
            }
        )


def _conversation_json(message: OutboundMessage, route: ReplyRoute | None) -> dict[str, Any]:
    status, code, text = recipient_status(message.state, message.reason)
    conversation = route.conversation if route else None
    entry = {
        "id": str(message.public_id),
        "status": status,
        "conversationId": str(conversation.public_id) if conversation else None,
        "errorMessage": text,
        "errorCode": code,
    }
    is_scheduled = status == "SCHEDULED"
    return {**entry, "nextTryAt": json_time(message.due_at)} if is_scheduled else entry
