"""What the app tells later: delivered, opened. One writer, forward only."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Coalesce

from accounts.models import Account
from campaigns.announcements import announce_receipt
from campaigns.models import CampaignTally, EventKind, MessageEvent, OutboundMessage
from common.errors import DomainError
from consumers.services import mark_seen
from conversations.models import MessageState
from conversations.services import set_route_states
from push.providers.base import Outcome


class UnknownMessage(DomainError):
    """The account never sent such a message to this consumer."""

    key = "unknown_message"


# What each receipt says of a message, the earlier facts first.
_TELLS = {
    EventKind.DELIVERED: (("delivered_at", "delivered"),),
    EventKind.OPENED: (("delivered_at", "delivered"), ("opened_at", "opened")),
}
_ROUTE_STATE = {
    EventKind.DELIVERED: MessageState.DELIVERED,
    EventKind.OPENED: MessageState.OPENED,
}


@transaction.atomic
def record_event(
    *,
    account: Account,
    message_id: UUID,
    kind: EventKind | str,
    now: datetime,
    consumer_ref: str | None = None,
) -> bool:
    """Record that the app showed (delivered) or opened a message; False when it was known already.

    An opened message was delivered. The first time counts; a repeat or a late receipt changes
    nothing.

    :raises UnknownMessage: the account, or the consumer where given, has no such message.
    """
    kind = EventKind(kind)
    messages = OutboundMessage.objects.filter(account=account, public_id=message_id)
    if consumer_ref is not None:
        messages = messages.filter(consumer_ref=consumer_ref)
    message = messages.select_for_update(of=["self"]).select_related("campaign").first()
    if message is None:
        raise UnknownMessage("No such message was sent to this consumer.", pointer="/messageId")
    news = [state for field, state in _TELLS[kind] if getattr(message, field) is None]
    if not news:
        return False
    messages.update(**{field: Coalesce(field, now) for field, _ in _TELLS[kind]})
    MessageEvent.objects.create(account_id=account.pk, message=message, at=now, kind=kind)
    CampaignTally.objects.bulk_create(_tally(message, state) for state in news)
    set_route_states(message_ids=[message_id], state=_ROUTE_STATE[kind], now=now)
    announce_receipt(message, news, now=now)
    _mark_seen(message, now)
    return True


def _mark_seen(message: OutboundMessage, now: datetime) -> None:
    """The receipt names no device, so it tells of one only where one alone got the message."""
    took = message.events.filter(kind=EventKind.PUSH, outcome=Outcome.ACCEPTED)
    device_ids = set(took.values_list("device_id", flat=True))
    if len(device_ids) == 1 and (device_id := device_ids.pop()):
        mark_seen(device_id=device_id, now=now)


def _tally(message: OutboundMessage, state: str) -> CampaignTally:
    return CampaignTally(
        account_id=message.account_id,
        campaign_id=message.campaign_id,
        app_name=message.app_name,
        handoff_id=message.campaign.handoff_id,
        skill_id=message.campaign.skill_id,
        day=message.created_at.date(),
        state=state,
        n=1,
    )
