"""The brand's door: create, read and cancel campaigns; and the SDK's receipts."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BrandView
from campaigns import selectors
from campaigns.metrics import ACCEPT_SECONDS
from campaigns.models import Campaign, EventKind, OutboundMessage, State
from campaigns.parsing import Rejected, parse_call
from campaigns.reasons import campaign_state, campaign_status, reason, recipient_status
from campaigns.receipts import UnknownMessage, record_event
from campaigns.services import CreatedCampaign, cancel_campaign, create_campaign
from common.cursors import read_page
from common.errors import FieldError, InvalidRequest
from common.json_body import RecipientJSONParser, is_storable
from common.problems import trace_id
from consumers.authentication import SdkView
from conversations.models import ReplyRoute


def _time(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None


class CampaignView(BrandView):
    """A view of one campaign of the account."""

    required_scope = "campaigns:read"
    campaign: Campaign

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        try:
            self.campaign = selectors.find_campaign(self.account, kwargs["campaign_id"])
        except Campaign.DoesNotExist:
            raise Http404 from None


class Campaigns(BrandView):
    """``POST …/campaign`` in LivePerson's shape (A2), and our own list."""

    required_scope = {"POST": "campaigns:send", "GET": "campaigns:read"}  # noqa: RUF012
    parser_classes = (RecipientJSONParser,)

    def post(self, request: Request, account_number: int) -> Response:
        with ACCEPT_SECONDS.time():
            call = parse_call(request.data, max_recipients=self.account.max_recipients)
            trace = trace_id(request._request)
            created = create_campaign(
                account=self.account,
                call=call,
                client_id=self.client.client_id,
                trace_id=UUID(trace),
                now=timezone.now(),
            )
        body = created_json(created, trace)
        if call.warnings:
            body["warnings"] = call.warnings
        return Response(body)

    def get(self, request: Request, account_number: int) -> Response:
        page, place = read_page(
            selectors.campaigns_of(self.account), request.query_params, newest_first=True
        )
        counts = selectors.counts_by_campaign(page)
        campaigns = [campaign_json(campaign, counts[campaign.pk]) for campaign in page]
        return Response({"campaigns": campaigns, **place})


def created_json(created: CreatedCampaign, trace: str) -> dict[str, Any]:
    campaign = created.campaign
    return {
        "proactiveCampaignId": campaign.public_id,
        "leCampaignId": str(campaign.le_campaign_id),
        "leEngagementId": str(campaign.le_engagement_id),
        "requestTraceId": trace,
        "failedConsumers": [_rejected_json(rejected) for rejected in created.rejected],
        "acceptedConsumers": [
            {"id": str(entry.public_id), "consumerContent": entry.recipient.content}
            for entry in created.accepted
        ],
    }


def _rejected_json(rejected: Rejected) -> dict[str, Any]:
    """LivePerson echoes the consumer as it was sent and adds what is wrong with it."""
    entry = rejected.entry if isinstance(rejected.entry, dict) else {"consumer": rejected.entry}
    return {**entry, "errorMessage": rejected.error}


def campaign_json(campaign: Campaign, counts: selectors.CampaignCounts) -> dict[str, Any]:
    handoff = campaign.handoff_snapshot
    return {
        "proactiveCampaignId": campaign.public_id,
        "campaignName": campaign.name,
        "leCampaignId": str(campaign.le_campaign_id),
        "leEngagementId": str(campaign.le_engagement_id),
        "requestTraceId": str(campaign.trace_id),
        "source": campaign.source,
        "channel": campaign.channel,
        "skill": campaign.skill_name,
        "handoff": {"id": handoff["id"], "title": handoff["title"]},
        "status": campaign_state(campaign, counts.waiting),
        "createdAt": _time(campaign.created_at),
        "cancelledAt": _time(campaign.cancelled_at),
        "counts": {
            "requested": campaign.requested,
            "rejected": campaign.requested - campaign.accepted,
            **asdict(counts),
        },
    }


class CampaignDetail(CampaignView):
    def get(self, request: Request, account_number: int, campaign_id: str) -> Response:
        return Response(campaign_json(self.campaign, selectors.counts(self.campaign)))


class CampaignCancel(CampaignView):
    """A12: what is not yet handed to a provider never is; the rest is told as it is."""

    required_scope = "campaigns:send"

    def post(self, request: Request, account_number: int, campaign_id: str) -> Response:
        done = cancel_campaign(
            campaign=self.campaign, by=f"API client {self.client}", now=timezone.now()
        )
        return Response(
            {
                "proactiveCampaignId": self.campaign.public_id,
                "cancelledAt": _time(self.campaign.cancelled_at),
                "cancelled": done.cancelled,
                "inFlight": done.in_flight,
            }
        )


class CampaignRecipients(CampaignView):
    """Recipients with status and reason; ``status`` and ``reason`` filter, a cursor pages."""

    def get(self, request: Request, account_number: int, campaign_id: str) -> Response:
        rows = selectors.recipients(self.campaign)
        status, word = request.query_params.get("status"), request.query_params.get("reason")
        if status is not None:
            if status not in State.values:
                known = ", ".join(State.values)
                raise InvalidRequest(
                    [FieldError("/status", "not_a_choice", f"status must be one of {known}.")]
                )
            rows = rows.filter(state=status)
        if word is not None:
            rows = rows.filter(reason=word) if is_storable(word) else rows.none()
        page, place = read_page(rows, request.query_params, newest_first=False)
        routes = selectors.routes_by_message(page)
        recipients = [recipient_json(row, routes.get(row.public_id)) for row in page]
        return Response({"recipients": recipients, **place})


def recipient_json(message: OutboundMessage, route: ReplyRoute | None) -> dict[str, Any]:
    why = reason(message.reason) if message.reason else None
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
        "createdAt": _time(message.created_at),
        "nextTryAt": _time(message.due_at) if message.state == State.QUEUED else None,
        "finishedAt": _time(message.finished_at),
        "expiresAt": _time(message.expires_at),
        "deliveredAt": _time(message.delivered_at),
        "openedAt": _time(message.opened_at),
        "repliedAt": _time(route.replied_at) if route else None,
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
        "at": _time(entry.at),
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
        messages = list(selectors.recipients(self.campaign).order_by("pk"))
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
    return {
        "id": str(message.public_id),
        "status": status,
        "conversationId": str(conversation.public_id) if conversation else None,
        "errorMessage": text,
        "errorCode": code,
    }


class Receipt(SdkView):
    """The app tells that it showed (``delivered``) or opened (``opened``) a message (D7)."""

    kind: EventKind = EventKind.DELIVERED

    def post(self, request: Request, account_number: int, message_id: str) -> Response:
        try:
            is_news = record_event(
                account=self.account,
                message_id=UUID(message_id),
                kind=self.kind,
                consumer_ref=self.ref,
                now=timezone.now(),
            )
        except UnknownMessage:
            raise Http404 from None
        return Response({"id": str(UUID(message_id)), "recorded": is_news})
