"""All that is stored of one person, for whom they ask it of (C8)."""

from typing import Any

from accounts.audit import record
from accounts.models import User
from campaigns.models import OutboundMessage
from campaigns.people import Person, messages_to
from campaigns.reasons import explanation
from campaigns.selectors import routes_by_message
from common.times import json_time
from consumers.models import Device
from conversations.models import Conversation, ReplyRoute


def export_person(*, person: Person, by: User | str) -> dict[str, Any]:
    """In words that need no manual; that it was asked for is in the audit log."""
    consumer = person.consumer
    exported = {
        "consumerId": person.ref,
        "name": consumer.name if consumer else "",
        "firstSeenAt": json_time(consumer.created_at) if consumer else None,
        "lastSignedInAt": json_time(consumer.last_login_at) if consumer else None,
        "optedOutAt": json_time(consumer.opted_out_at) if consumer else None,
        "devices": _devices(person),
        "messages": _messages(person),
        "conversations": _conversations(person),
    }
    record(
        by=by,
        account=person.account,
        verb="consumer_exported",
        target=consumer or person.account,
        label="",
    )
    return exported


def _devices(person: Person) -> list[dict[str, Any]]:
    if person.consumer is None:
        return []
    devices = Device.objects.filter(consumer=person.consumer).select_related("app")
    return [
        {
            "id": str(device.public_id),
            "app": device.app.bundle_id,
            "platform": device.platform,
            "model": device.model,
            "osVersion": device.os_version,
            "sdkVersion": device.sdk_version,
            "locale": device.locale,
            "timeZone": device.time_zone,
            "country": device.country,
            "city": device.city,
            # What anybody could push with is not for a file; its digest tells it apart.
            "tokenDigest": device.token_digest,
            "registeredAt": json_time(device.registered_at),
            "lastSeenAt": json_time(device.last_seen_at),
            "loggedOutAt": json_time(device.logged_out_at),
            "removedAt": json_time(device.removed_at),
            "removedReason": device.removed_reason,
        }
        for device in devices.order_by("pk")
    ]


def _messages(person: Person) -> list[dict[str, Any]]:
    sent = messages_to(person.account, person.ref).select_related("campaign").order_by("pk")
    messages = list(sent)
    routes = routes_by_message(messages)
    return [_message(message, routes.get(message.public_id)) for message in messages]


def _message(message: OutboundMessage, route: ReplyRoute | None) -> dict[str, Any]:
    why = explanation(message.reason).sentence if message.reason else ""
    return {
        "id": str(message.public_id),
        "campaignId": message.campaign.public_id,
        "campaignName": message.campaign.name,
        "title": message.title,
        "text": message.text,
        "status": message.state,
        "reason": why,
        "createdAt": json_time(message.created_at),
        "finishedAt": json_time(message.finished_at),
        "deliveredAt": json_time(message.delivered_at),
        "openedAt": json_time(message.opened_at),
        "repliedAt": json_time(route.replied_at) if route else None,
    }


def _conversations(person: Person) -> list[dict[str, Any]]:
    if person.consumer is None:
        return []
    conversations = Conversation.objects.filter(consumer=person.consumer)
    return [
        {
            "id": str(conversation.public_id),
            "skill": conversation.skill.name,
            "openedAt": json_time(conversation.opened_at),
            "closedAt": json_time(conversation.closed_at),
            "messages": [
                {
                    "sentAt": json_time(message.sent_at),
                    "from": message.sender,
                    "text": message.text,
                }
                for message in conversation.messages.all()
            ],
        }
        for conversation in conversations.select_related("skill")
        .prefetch_related("messages")
        .order_by("pk")
    ]
