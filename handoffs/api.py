"""LivePerson's list of handoffs, which systems read (``liveperson.md`` 1.10, A14)."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BrandView
from common.query import Query
from common.times import json_time
from handoffs.models import Channel, Handoff
from handoffs.placeholders import placeholders
from handoffs.selectors import listed_handoffs

DEFAULT_LIMIT = 30
MAX_LIMIT = 1000
# LivePerson's word for a channel -> ours; None is one that no handoff here can have.
CHANNELS: dict[str, Channel | None] = {
    "inapp": Channel.INAPP,
    "sms-twilio": Channel.SMS,
    "wa": Channel.WHATSAPP,
    "apple-twilio": None,
    "googlercs": None,
}
_WORDS = {channel: word for word, channel in CHANNELS.items() if channel is not None}


class Handoffs(BrandView):
    """All handoffs, or those of the channel that the path names."""

    required_scope = "handoffs:read"
    api_name = "handoffs"

    def get(self, request: Request, account_number: str, channel: str | None = None) -> Response:
        query = Query(request.query_params)
        query.version("v", ("1", "1.0"))
        limit = query.number("limit", least=1, most=MAX_LIMIT, default=DEFAULT_LIMIT)
        offset = query.number("offset", least=0, most=10**9, default=0)
        if channel is not None and channel not in CHANNELS:
            query.fail("channel", "not_a_choice", f"channel must be one of {', '.join(CHANNELS)}.")
        query.raise_if_invalid()
        ours = CHANNELS[channel] if channel is not None else None
        if channel is not None and ours is None:
            return Response([])
        rows = listed_handoffs(self.account, ours)[offset : offset + limit]
        return Response([handoff_json(handoff) for handoff in rows])


def handoff_json(handoff: Handoff) -> dict[str, Any]:
    days, hours = handoff.lookback_days_hours
    return {
        "id": handoff.public_id,
        "name": handoff.title,
        "lookbackPeriodDay": days,
        "lookbackPeriodHour": hours,
        "routeAllWithinLookback": handoff.route_all_within_lookback,
        "isActive": handoff.is_active,
        "createdAt": json_time(handoff.created_at),
        "updatedAt": json_time(handoff.updated_at),
        "channels": [_channel_json(handoff, Channel(channel)) for channel in handoff.channels],
    }


def _channel_json(handoff: Handoff, channel: Channel) -> dict[str, Any]:
    shared = {"type": _WORDS[channel], "language": handoff.language}
    if channel == Channel.INAPP:
        return {**shared, "appNames": handoff.app_names, "messageComponents": [_text(handoff)]}
    body = {"type": "body", "content": handoff.text, "variables": _variables(handoff.text)}
    return {**shared, "messageComponents": [body]}


def _text(handoff: Handoff) -> dict[str, Any]:
    return {
        "type": "text",
        "messageText": handoff.text,
        "notificationTitle": handoff.notification_title,
        "notificationMessage": handoff.text,
        "isSameMessageForNotification": True,
        "variables": _variables(f"{handoff.notification_title} {handoff.text}"),
    }


def _variables(text: str) -> list[str]:
    return [str(number) for number in sorted(placeholders(text))]
