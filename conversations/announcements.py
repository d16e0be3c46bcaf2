"""What webhooks are told of conversations: what was written, who answers, where it went, its end.

No event has a text: bots read it with the id that they are told (`docs/webhooks.md`).
"""

from datetime import datetime
from typing import Any

from common.times import json_time
from conversations.models import Conversation, Message, ReplyRoute
from webhooks.events import EventType, NewEvent, recipient_event
from webhooks.services import publish, subscriptions


def announce_message(
    message: Message,
    conversation: Conversation,
    route: ReplyRoute | None,
    *,
    is_new: bool,
    now: datetime,
) -> None:
    """A consumer wrote; ``route`` is the message that is answered. One query where nobody
    listens."""
    known, account_id = subscriptions([conversation.account_id]), conversation.account_id
    if not known.wants(account_id, *EventType.values):
        return
    events = []
    if route is not None and route.replied_at is None:
        events.append(_replied(conversation, route, now))
    data = _data(conversation, route or conversation.outbound_route())
    if is_new:
        events.append(NewEvent(account_id, EventType.CONVERSATION_OPENED, now, data))
    said = {"messageId": str(message.public_id), "sentAt": json_time(message.sent_at)}
    data = {**data, "said": said}
    events.append(NewEvent(account_id, EventType.CONVERSATION_MESSAGE, now, data))
    publish(events=events, known=known)


def announce_accepted(conversation: Conversation, *, now: datetime) -> None:
    _announce(EventType.CONVERSATION_ACCEPTED, conversation, now)


def announce_transferred(
    conversation: Conversation, *, from_skill: str, by: str, now: datetime
) -> None:
    _announce(
        EventType.CONVERSATION_TRANSFERRED,
        conversation,
        now,
        transferredFrom=from_skill,
        transferredBy=by,
    )


def announce_returned(conversation: Conversation, *, returned_from: str, now: datetime) -> None:
    """Nobody answers it any more: it waits in its skill's queue again."""
    _announce(EventType.CONVERSATION_RETURNED, conversation, now, returnedFrom=returned_from)


def announce_closed(conversation: Conversation, *, now: datetime) -> None:
    _announce(EventType.CONVERSATION_CLOSED, conversation, now)


def _announce(
    event_type: EventType, conversation: Conversation, now: datetime, **more: Any
) -> None:
    data = {**_data(conversation, conversation.outbound_route()), **more}
    publish(events=[NewEvent(conversation.account_id, event_type, now, data)])


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


def _data(conversation: Conversation, route: ReplyRoute | None) -> dict[str, Any]:
    """``route`` is of the message that the conversation answers, or goes on with."""
    consumer = conversation.consumer
    return {
        "conversationId": str(conversation.public_id),
        "consumerContent": {"inapp": consumer.ref if consumer else ""},
        "skill": conversation.skill.name,
        "status": conversation.state,
        "campaignId": route.campaign_id if route else None,
        "messageId": str(route.message_id) if route else None,
        "openedAt": json_time(conversation.opened_at),
        "acceptedAt": json_time(conversation.accepted_at),
        "acceptedBy": conversation.accepted_by or None,
        "closedAt": json_time(conversation.closed_at),
        "closedBy": conversation.closed_by or None,
        "closedBecause": conversation.closed_because or None,
    }
