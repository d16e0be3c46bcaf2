"""LivePerson's transactions, version 2.0 (``liveperson.md`` 1.9): each message with its times."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import reports
from campaigns.api.reports import APPS, ReportView, conversation_id, interval_json, narrowing
from campaigns.models import State
from campaigns.reasons import JOURNEY
from campaigns.reports import Reported, TransactionFilter
from common.body import Fields
from common.times import json_time

MAX_INTERVAL = timedelta(hours=24)
DEFAULT_LIMIT = 100
MAX_LIMIT = 5000
MAX_OFFSET = 10_000_000


class Transactions(ReportView):
    def post(self, request: Request, account_number: str, app: str) -> Response:
        since, until, query = self.read_interval(request, MAX_INTERVAL)
        query.version("v", ("2.0", "2"))
        body = Fields(request.data)
        offset = body.whole_number("offset", most=MAX_OFFSET) or 0
        limit = body.whole_number("limit", most=MAX_LIMIT)
        if limit == 0:
            body.fail("limit", "out_of_range", f"limit must be from 1 to {MAX_LIMIT}.")
        wanted = _read_filters(body, source=APPS[app], since=since, until=until)
        query.errors += body.errors
        query.raise_if_invalid()
        rows = reports.transactions(self.account, wanted)
        limit = DEFAULT_LIMIT if limit is None else limit
        return Response(
            {
                "requestMetadata": interval_json(self.account, app, since, until),
                "page": {"count": rows.count(), "offset": offset, "limit": limit},
                "transactions": [
                    transaction_json(row) for row in reports.reported(rows[offset : offset + limit])
                ],
            }
        )


def _read_filters(body: Fields, **interval: Any) -> TransactionFilter:
    given = body.nested("filters") or Fields({})
    ids = given.texts("transactionids", max_items=MAX_LIMIT) or None
    return TransactionFilter(
        **interval,
        channels=narrowing(given, "channels"),
        skills=narrowing(given, "skills"),
        statuses=given.texts("messagestatus", max_items=len(JOURNEY), choices=JOURNEY) or None,
        message_ids=None if ids is None else [found for one in ids if (found := _uuid(one))],
    )


def _uuid(text: object) -> UUID | None:
    """None for what is no id of a message: nothing has it."""
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def transaction_json(row: Reported) -> Mapping[str, Any]:
    message, campaign, answer = row.message, row.message.campaign, row.answer
    ended = _time(message.finished_at)
    sent = ended if message.state == State.SENT else None
    return {
        "channel": campaign.channel,
        # Who has the conversation by now; else who would.
        "skill": (answer.skill if answer else None) or campaign.skill_name,
        "transactionId": str(message.public_id),
        "attemptedTime": _time(message.created_at),
        "cancelledTime": ended if message.state == State.CANCELLED else None,
        "conversationId": conversation_id(row),
        "conversationsClosedTime": _time(answer.closed_at) if answer else None,
        "conversationsCreatedTime": _time(answer.opened_at) if answer else None,
        "consumerId": message.consumer_ref,
        "deliveredTime": _time(message.delivered_at),
        "eligibleTime": None,
        "errorCode": row.error_code,
        "errorMessage": row.error_message,
        "errorSource": row.error_source,
        "failedTime": ended if row.status == "FAILED" else None,
        "inviteTime": sent,
        "optInsTime": None,
        "optOutsTime": None,
        "proactiveCampaignId": campaign.public_id,
        "readTime": _time(message.opened_at),
        "sentTime": sent,
        "initialSkill": campaign.skill_name,
        "initialChannel": campaign.channel,
        "handOffId": campaign.handoff_snapshot["id"],
        "skippedTime": ended if row.status == "SKIPPED" else None,
        "ivrNumber": "",
        "messageStatus": row.status,
    }


def _time(value: datetime | None) -> str | None:
    """To the millisecond and never shorter, as its readers expect."""
    return json_time(value, timespec="milliseconds")
