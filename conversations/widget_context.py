"""What named widgets are told of the conversation beside them (F4): by their URL, and by a message.

The message is Chatwoot's ``appContext``, so that a page made for one desk works in the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
from django.urls import reverse

from conversations.context import Context
from conversations.seats import Seat
from conversations.widgets import Widget


@dataclass(frozen=True, slots=True)
class Framed:
    """``url`` with the context as its query; ``message`` is JSON for the page at ``origin``.

    Ours lets agents in by a code that is made at ``sign_in``; other widgets have none.
    """

    name: str
    url: str
    origin: str
    message: str
    sign_in: str = ""


def framed(widgets: Sequence[Widget], context: Context, *, seat: Seat) -> list[Framed]:
    query = _query(context, seat)
    message = orjson.dumps({"event": "appContext", "data": _data(context, seat)}).decode()
    sign_in = reverse("widget_sign_in", args=[seat.account.number])
    return [
        Framed(
            name=one.name,
            url=_with_query(one.url, query),
            origin=origin_of(one.url),
            message=message,
            sign_in="" if one.row else sign_in,
        )
        for one in widgets
    ]


def origin_of(url: str) -> str:
    """As browsers write it: small letters, no usual port."""
    parts = urlsplit(url)
    usual = {"https": ":443", "http": ":80"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(usual)}"


def _with_query(url: str, query: dict[str, str]) -> str:
    """What the URL says itself stays, but for names that are ours."""
    parts = urlsplit(url)
    own = [(name, value) for name, value in parse_qsl(parts.query, True) if name not in query]
    return parts._replace(query=urlencode([*own, *query.items()])).geturl()


def _query(context: Context, seat: Seat) -> dict[str, str]:
    conversation = context.conversation
    consumer = conversation.consumer
    known = {
        "accountId": str(seat.account.number),
        "conversationId": str(conversation.public_id),
        "skill": conversation.skill.name,
        "consumerId": consumer.ref if consumer else "",
    }
    return {name: value for name, value in known.items() if value}


def _data(context: Context, seat: Seat) -> dict[str, Any]:
    conversation = context.conversation
    consumer, device = conversation.consumer, context.device
    newest = next((info.route for info in context.campaigns), None)
    return {
        "conversation": {
            "id": str(conversation.public_id),
            "status": conversation.state,
            "skill": conversation.skill.name,
            "channel": conversation.channel,
            "created_at": int(conversation.opened_at.timestamp()),
            "campaign": {"id": newest.campaign_id, "name": newest.campaign_name}
            if newest
            else None,
        },
        "contact": {
            "identifier": consumer.ref if consumer else None,
            "name": (consumer.name if consumer else "") or None,
            "additional_attributes": {
                "country_code": (device.country if device else "") or None,
                "city": (device.city if device else "") or None,
            },
        },
        "currentAgent": {"name": seat.user.get_full_name(), "email": seat.user.email},
    }
