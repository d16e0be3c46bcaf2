"""Create, list, read and cancel campaigns."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BrandView
from campaigns import idempotency
from campaigns.analytics import count_campaign, funnel
from campaigns.api.base import CampaignView
from campaigns.api.preflight import is_dry_run, preflight_json
from campaigns.api.telling import campaigns_json, reason_json
from campaigns.idempotency import KeyedCall, KeyTaken, StoredAnswer
from campaigns.listing import STATUSES, CampaignFilter, find_campaigns
from campaigns.metrics import ACCEPT_SECONDS
from campaigns.parsing import parse_call
from campaigns.preflight import preflight
from campaigns.services import CreatedCampaign, Once, accept_call, cancel_campaign
from common.cursors import read_page
from common.json_body import RecipientJSONParser
from common.problems import trace_id
from common.query import Query
from common.times import json_time
from conversations.models import Source


class Campaigns(BrandView):
    """``POST …/campaign`` in LivePerson's shape (A2), and our own list."""

    required_scope = {"POST": "campaigns:send", "GET": "campaigns:read"}  # noqa: RUF012
    api_name = {"POST": "sending", "GET": "status"}  # noqa: RUF012
    parser_classes = (RecipientJSONParser,)

    def post(self, request: Request, account_number: int) -> Response:
        if is_dry_run(request._request.GET):
            return self._preflight(request)
        with ACCEPT_SECONDS.time():
            keyed = self._keyed_call(request)
            earlier = keyed.earlier() if keyed else None
            if keyed and earlier:
                return _replay(earlier, request)
            try:
                return self._accept(request, keyed)
            except KeyTaken:
                # Between our look and our claim another call with the key was carried out.
                if keyed and (earlier := keyed.earlier()):
                    return _replay(earlier, request)
                raise idempotency.in_use() from None

    def _preflight(self, request: Request) -> Response:
        """A13; takes no recipients of the day and no key, though it says when that is none."""
        self._keyed_call(request)
        call = parse_call(request.data, max_recipients=self.account.max_recipients)
        checked = preflight(account=self.account, call=call, now=timezone.now())
        failed = [_rejected_json(one.entry, one.error) for one in checked.rejected]
        body = preflight_json(checked, trace=trace_id(request._request), failed=failed)
        return Response({**body, "warnings": call.warnings} if call.warnings else body)

    def _keyed_call(self, request: Request) -> KeyedCall | None:
        header = request.headers.get("Idempotency-Key")
        if header is None:
            return None
        return KeyedCall(
            account=self.account,
            client_id=self.client.client_id,
            operation="POST campaign",
            key=idempotency.read_key(header),
            fingerprint=idempotency.fingerprint(request.data),
        )

    def _accept(self, request: Request, keyed: KeyedCall | None) -> Response:
        call = parse_call(request.data, max_recipients=self.account.max_recipients)
        trace = trace_id(request._request)
        outcome = partial(outcome_json, trace=trace, warnings=call.warnings)
        accepted = accept_call(
            account=self.account,
            call=call,
            client_id=self.client.client_id,
            trace_id=UUID(trace),
            now=timezone.now(),
            once=Once(keyed, outcome) if keyed else None,
        )
        self.standings.append(accepted.day)
        return Response(answer_json(outcome(accepted.created), call.consumers))

    def get(self, request: Request, account_number: int) -> Response:
        campaigns = find_campaigns(self.account, _read_filter(request.query_params))
        page, place = read_page(campaigns, request.query_params, newest_first=True)
        return Response({"campaigns": campaigns_json(page), **place})


def _read_filter(parameters: Mapping[str, str]) -> CampaignFilter:
    query = Query(parameters)
    wanted = CampaignFilter(
        status=query.choice("status", STATUSES),
        handoff_id=query.text("handoff"),
        skill=query.text("skill"),
        name=query.text("name"),
        source=query.choice("source", Source.values),
        since=query.instant("from"),
        until=query.instant("to"),
    )
    query.raise_if_invalid()
    return wanted


def _replay(earlier: StoredAnswer, request: Request) -> Response:
    call: Any = request.data
    body = answer_json(earlier.outcome, call["consumers"])
    return Response(body, earlier.status, headers={"Idempotent-Replayed": "true"})


def outcome_json(
    created: CreatedCampaign, *, trace: str, warnings: list[dict[str, str]]
) -> dict[str, Any]:
    """What came of the call. Consumers stand as their position in it, so that this can be kept
    without what was said of them (A17)."""
    campaign = created.campaign
    outcome: dict[str, Any] = {
        "proactiveCampaignId": campaign.public_id,
        "leCampaignId": str(campaign.le_campaign_id),
        "leEngagementId": str(campaign.le_engagement_id),
        "requestTraceId": trace,
        "failedConsumers": [[rejected.position, rejected.error] for rejected in created.rejected],
        "acceptedConsumers": [
            [entry.recipient.position, str(entry.public_id)] for entry in created.accepted
        ],
    }
    if warnings:
        outcome["warnings"] = warnings
    return outcome


def answer_json(outcome: dict[str, Any], consumers: Sequence[Any]) -> dict[str, Any]:
    """The answer's body: what came of the call, with the consumers as it named them."""
    return {
        **outcome,
        "failedConsumers": [
            _rejected_json(consumers[position], error)
            for position, error in outcome["failedConsumers"]
        ],
        "acceptedConsumers": [
            {"id": public_id, "consumerContent": consumers[position]["consumerContent"]}
            for position, public_id in outcome["acceptedConsumers"]
        ],
    }


def _rejected_json(consumer: Any, error: str) -> dict[str, Any]:
    """LivePerson echoes the consumer as it was sent and adds what is wrong with it."""
    entry = consumer if isinstance(consumer, dict) else {"consumer": consumer}
    return {**entry, "errorMessage": error}


class CampaignDetail(CampaignView):
    def get(self, request: Request, account_number: int, campaign_id: str) -> Response:
        [campaign] = campaigns_json([self.campaign])
        figures = count_campaign(self.campaign)
        return Response(
            {
                **campaign,
                "funnel": funnel(self.campaign, figures),
                "reasons": [reason_json(*key, n) for key, n in figures.reasons.items()],
            }
        )


class CampaignCancel(CampaignView):
    """A12: what is not yet handed to a provider never is; the rest is told as it is."""

    required_scope = "campaigns:send"
    api_name = "sending"

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
