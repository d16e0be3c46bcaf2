"""What brands can be told: the types of events, and the shape of what is told."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import models

from common.times import json_time

# Sent on request alone; nobody subscribes to it.
TEST = "webhook.test"


class EventType(models.TextChoices):
    RECIPIENT_SENT = "recipient.sent", "A push provider took the message"
    RECIPIENT_DELIVERED = "recipient.delivered", "The app showed the message"
    RECIPIENT_OPENED = "recipient.opened", "The message was tapped"
    RECIPIENT_REPLIED = "recipient.replied", "The message was answered"
    RECIPIENT_SUPPRESSED = "recipient.suppressed", "A rule kept the message back"
    RECIPIENT_FAILED = "recipient.failed", "The push was refused for good"
    RECIPIENT_EXPIRED = "recipient.expired", "The lookback ended before the message went out"
    CAMPAIGN_COMPLETED = "campaign.completed", "Every message of a campaign is final"
    CAMPAIGN_CANCELLED = "campaign.cancelled", "A campaign was cancelled"
    CONVERSATION_OPENED = "conversation.opened", "A conversation began"
    CONVERSATION_MESSAGE = "conversation.message", "A consumer wrote"
    CONVERSATION_ACCEPTED = "conversation.accepted", "Somebody answers a conversation"
    CONVERSATION_TRANSFERRED = "conversation.transferred", "A conversation went to another skill"
    CONVERSATION_RETURNED = "conversation.returned", "A conversation is back in its queue"
    CONVERSATION_CLOSED = "conversation.closed", "A conversation was closed"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something to tell an account. ``once`` names what may be told one time only."""

    account_id: int
    type: str
    at: datetime
    data: dict[str, Any] = field(repr=False)
    once: str = ""


def recipient_event(
    *,
    account_id: int,
    status: str,
    campaign_id: str,
    message_id: UUID,
    consumer_ref: str,
    at: datetime,
    **more: Any,
) -> NewEvent:
    """What became of one message; ``status`` is the second half of the type."""
    data = {
        "campaignId": campaign_id,
        "messageId": str(message_id),
        "consumerContent": {"inapp": consumer_ref},
        "status": status,
        "reason": None,
        **more,
    }
    return NewEvent(account_id, f"recipient.{status}", at, data)


def body_of(event: NewEvent, *, account_number: int) -> str:
    """The text that is signed and sent, the same on every try."""
    return orjson.dumps(
        {
            "type": event.type,
            "timestamp": json_time(event.at),
            "data": {"accountId": str(account_number), **event.data},
        }
    ).decode()
