"""What failed for good, by cause, and its replay (D8)."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BrandView
from campaigns.dead_letters import (
    Cause,
    DeadLetterFilter,
    causes,
    list_dead_letters,
)
from campaigns.reasons import reason
from campaigns.replaying import replay_messages
from common.body import Fields
from common.cursors import read_newest_page
from common.query import Query
from common.times import json_time

MAX_IDS = 1000


class DeadLetters(BrandView):
    """The causes, the most frequent first; `asOf` is what a replay names as `failedBefore`."""

    required_scope = "campaigns:read"
    api_name = "reporting"

    def get(self, request: Request, account_number: int) -> Response:
        query, now = Query(request.query_params), timezone.now()
        wanted = DeadLetterFilter(
            until=now, since=query.instant("from"), campaign_id=query.text("campaign")
        )
        query.raise_if_invalid()
        found = causes(self.account, wanted, now=now)
        return Response({"asOf": json_time(now), "causes": [_cause_json(one) for one in found]})


def _cause_json(cause: Cause) -> dict[str, Any]:
    why = reason(cause.reason)
    return {
        "appName": cause.app_name or None,
        "provider": cause.provider or None,
        "reason": cause.reason,
        "explanation": why.sentence,
        "remedy": why.remedy,
        "count": cause.count,
        "replayable": cause.replayable,
        "firstFailedAt": json_time(cause.first_at),
        "lastFailedAt": json_time(cause.last_at),
        "detail": cause.detail or None,
    }


class DeadLetterMessages(BrandView):
    """The messages themselves, the last that failed first; a cursor pages."""

    required_scope = "campaigns:read"
    api_name = "reporting"

    def get(self, request: Request, account_number: int) -> Response:
        query, now = Query(request.query_params), timezone.now()
        wanted = DeadLetterFilter(
            until=now,
            since=query.instant("from"),
            reason=query.text("reason"),
            provider=query.text("provider"),
            app_name=query.text("appName"),
            campaign_id=query.text("campaign"),
        )
        query.raise_if_invalid()
        letters = list_dead_letters(self.account, wanted, now=now)
        page, place = read_newest_page(letters, request.query_params, by="finished_at")
        return Response(
            {
                "asOf": json_time(now),
                "deadLetters": [_letter_json(message) for message in page],
                **place,
            }
        )


def _letter_json(message: Any) -> dict[str, Any]:
    """Of a message with ``cause`` and ``why``."""
    why, cause = reason(message.reason), message.cause or {}
    return {
        "id": str(message.public_id),
        "campaignId": message.campaign.public_id,
        "consumerContent": {"inapp": message.consumer_ref},
        "appName": cause.get("app") or None,
        "provider": cause.get("provider") or None,
        "reason": message.reason,
        "explanation": why.sentence,
        "remedy": why.remedy,
        "detail": cause.get("detail") or None,
        "attempts": message.attempts,
        "replays": message.replays,
        "failedAt": json_time(message.finished_at),
        "expiresAt": json_time(message.expires_at),
        "notReplayable": message.why or None,
    }


class DeadLettersReplay(BrandView):
    required_scope = "campaigns:send"
    api_name = "sending"

    def post(self, request: Request, account_number: int) -> Response:
        now = timezone.now()
        done = replay_messages(
            account=self.account,
            wanted=_read_selection(request.data, now=now),
            by=f"API client {self.client}",
            now=now,
        )
        return Response(
            {
                "replayed": done.replayed,
                "notReplayed": [
                    {"reason": why, "count": n} for why, n in sorted(done.refused.items())
                ],
                "isComplete": done.is_complete,
            }
        )


def _read_selection(data: Any, *, now: datetime) -> DeadLetterFilter:
    """:raises InvalidRequest: it names nothing, or something that is wrong."""
    fields = Fields(data)
    names = ("reason", "provider", "appName", "campaignId", "failedBefore")
    given = {name: fields.text(name, required=data.get(name) is not None) or None for name in names}
    ids = _read_ids(fields)
    until = Query({"failedBefore": given["failedBefore"]} if given["failedBefore"] else {})
    wanted = DeadLetterFilter(
        until=min(until.instant("failedBefore") or now, now),
        reason=given["reason"],
        provider=given["provider"],
        app_name=given["appName"],
        campaign_id=given["campaignId"],
    )
    fields.errors += until.errors
    if ids is None and not (given["reason"] or given["campaignId"]):
        fields.fail("reason", "required", "Name a reason, a campaignId or ids.")
    fields.raise_if_invalid()
    return replace(wanted, message_ids=ids)


def _read_ids(fields: Fields) -> list[UUID] | None:
    found = []
    texts = fields.texts("ids", max_items=MAX_IDS)
    for place, text in enumerate(texts or []):
        try:
            found.append(UUID(text))
        except (ValueError, TypeError, AttributeError):
            fields.fail(f"ids/{place}", "not_an_id", "It must be the id of a message.")
    return None if texts is None else found
