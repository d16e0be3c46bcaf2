"""The recipients of a campaign on its page: which of them a table shows, and how far each came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from campaigns.models import PENDING, Campaign, EventKind, MessageEvent, OutboundMessage, State
from campaigns.reasons import explanation
from campaigns.selectors import recipients, routes_by_message
from common.json_body import is_storable
from consumers.models import Device
from conversations.models import ConversationState, ReplyRoute
from push.providers.base import Outcome

# What `show` may be, and what the table is then called.
SHOWN: Mapping[str, str] = {
    "requested": "Requested",
    "eligible": "Eligible",
    "sent": "Sent",
    "delivered": "Delivered",
    "opened": "Opened",
    "replied": "Replied",
    "closed": "Closed",
    "waiting": "Waiting",
    "not-reached": "Not reached",
    "suppressed": "Suppressed",
    "failed": "Failed",
    "expired": "Expired",
    "cancelled": "Cancelled",
}
_CONDITIONS: Mapping[str, Q] = {
    "requested": Q(),
    "eligible": Q(state__in=(State.SENT, State.FAILED)),
    "delivered": Q(delivered_at__isnull=False),
    "opened": Q(opened_at__isnull=False),
    "waiting": Q(state__in=PENDING),
    "not-reached": Q(state__in=(State.SUPPRESSED, State.FAILED, State.EXPIRED)),
}


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """One recipient: ``state`` is how far the message came, ``why`` what kept it, or the device."""

    message: OutboundMessage
    route: ReplyRoute | None
    device: Device | None

    @property
    def state(self) -> str:
        if self.message.state in PENDING:
            return "waiting"
        if self.message.state != State.SENT:
            return str(self.message.state)
        if self.route is not None and self.route.replied_at:
            return "closed" if self._is_closed else "replied"
        if self.message.opened_at:
            return "opened"
        return "delivered" if self.message.delivered_at else "sent"

    @property
    def why(self) -> str:
        if self.message.reason:
            return explanation(self.message.reason).sentence
        if self.message.state in PENDING:
            return "It is tried again." if self.message.attempts else "Not checked yet."
        return device_words(self.device) if self.device else self.message.app_name

    @property
    def changed_at(self) -> datetime | None:
        message = self.message
        replied_at = self.route.replied_at if self.route else None
        times = (replied_at, message.opened_at, message.delivered_at, message.finished_at)
        return max((at for at in times if at), default=None)

    @property
    def _is_closed(self) -> bool:
        conversation = self.route.conversation if self.route else None
        return conversation is not None and conversation.state == ConversationState.CLOSED


def recipients_shown(
    campaign: Campaign, *, show: str, reason: str, ref: str
) -> QuerySet[OutboundMessage]:
    """Empty does not narrow; ``ref`` is a part of the consumer's id, in any case."""
    rows = recipients(campaign)
    if show in {"replied", "closed"}:
        rows = rows.filter(public_id__in=_answered(campaign, is_closed=show == "closed"))
    elif show:
        rows = rows.filter(_CONDITIONS.get(show, Q(state=show)))
    if reason:
        rows = rows.filter(reason=reason) if is_storable(reason) else rows.none()
    return rows.filter(consumer_ref__icontains=ref) if ref else rows


def _answered(campaign: Campaign, *, is_closed: bool) -> QuerySet[ReplyRoute, Any]:
    routes = ReplyRoute.objects.filter(
        account=campaign.account_id, campaign_id=campaign.public_id, replied_at__isnull=False
    )
    if is_closed:
        routes = routes.filter(conversation__state=ConversationState.CLOSED)
    return routes.values("message_id")


def recipient_rows(messages: Sequence[OutboundMessage]) -> list[RecipientRow]:
    """A page of recipients, in as many queries as one."""
    routes = routes_by_message(messages)
    devices = _devices_of(messages)
    return [
        RecipientRow(message, routes.get(message.public_id), devices.get(message.pk))
        for message in messages
    ]


_SHOWN_OF_DEVICE = ("platform", "os_version", "model", "label")


def _devices_of(messages: Sequence[OutboundMessage]) -> dict[int, Device]:
    """The device that took each message, the last one where several did."""
    took = MessageEvent.objects.filter(
        message__in=messages, kind=EventKind.PUSH, outcome=Outcome.ACCEPTED
    )
    # An event's device is no foreign key: history does not hold up live data.
    found = took.order_by("id").annotate(
        **{
            f"of_{name}": Subquery(Device.objects.filter(pk=OuterRef("device_id")).values(name)[:1])
            for name in _SHOWN_OF_DEVICE
        }
    )
    named = [f"of_{name}" for name in _SHOWN_OF_DEVICE]
    return {
        message: Device(**dict(zip(_SHOWN_OF_DEVICE, values, strict=True)))
        for message, *values in found.values_list("message_id", *named)
        if values[0]
    }


def device_words(device: Device) -> str:
    system = f"{device.get_platform_display()} {device.os_version}".strip()
    name = device.model or device.label
    return f"{name} · {system}" if name else system
