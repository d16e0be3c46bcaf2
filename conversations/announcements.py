"""What webhooks are told of conversations: that one began, what it answers, that it was closed."""

from datetime import datetime
from typing import Any

from common.times import json_time
from conversations.models import Conversation, ReplyRoute
from webhooks.events import EventType, NewEvent, recipient_event
from webhooks.services import publish


def announce_reply(
    conversation: Conversation, route: ReplyRoute | None, *, is_new: bool, now: datetime
) -> None:
    """A consumer wrote; ``route`` is the message that is answered. Asks nothing without news."""
    events = []
    if route is not None and route.replied_at is None:
        events.append(_replied(conversation, route, now))
    if is_new:
        about = route or conversation.continues
        events.append(_event(EventType.CONVERSATION_OPENED, conversation, about, now))
    publish(events=events)


def announce_closed(conversation: Conversation, *, now: datetime) -> None:
    route = conversation.outbound_route()
    publish(events=[_event(EventType.CONVERSATION_CLOSED, conversation, route, now)])


def _replied(conversation: Conversation, route: ReplyRoute, now: datetime) -> NewEvent:
    return recipient_event(
        account_id=conversation.account_id,
        status="replied",
        campaign_id=route.campaign_id,
        message_id=route.message_id,
        consumer_ref=route.consumer_ref,
        at=now,
        conversationId=str(conversation.public_id),
    )


def _event(
    event_type: EventType, conversation: Conversation, route: ReplyRoute | None, now: datetime
) -> NewEvent:
    consumer = conversation.consumer
    data: dict[str, Any] = {
        "conversationId": str(conversation.public_id),
        "consumerContent": {"inapp": consumer.ref if consumer else ""},
        "skill": conversation.skill.name,
        "status": conversation.state,
        "campaignId": route.campaign_id if route else None,
        "messageId": str(route.message_id) if route else None,
        "openedAt": json_time(conversation.opened_at),
        "closedAt": json_time(conversation.closed_at),
        "closedBy": conversation.closed_by or None,
    }
    return NewEvent(conversation.account_id, event_type, now, data)
