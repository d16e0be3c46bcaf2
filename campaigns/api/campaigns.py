"""Create, list, read and cancel campaigns."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BrandView
from campaigns import selectors
from campaigns.api.base import CampaignView
from campaigns.metrics import ACCEPT_SECONDS
from campaigns.models import Campaign
from campaigns.parsing import Rejected, parse_call
from campaigns.reasons import campaign_state
from campaigns.services import CreatedCampaign, cancel_campaign, create_campaign
from common.cursors import read_page
from common.json_body import RecipientJSONParser
from common.problems import trace_id
from common.times import json_time


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
        "createdAt": json_time(campaign.created_at),
        "cancelledAt": json_time(campaign.cancelled_at),
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
                "cancelledAt": json_time(self.campaign.cancelled_at),
                "cancelled": done.cancelled,
                "inFlight": done.in_flight,
            }
        )
