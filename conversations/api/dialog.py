"""The SDK's side of a dialog: what waits, what was said, and the answer (E1-E4)."""

import uuid
from typing import Any

from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from common.body import Fields
from consumers.authentication import SdkView
from consumers.models import Consumer
from conversations.models import Conversation, Message, ReplyRoute
from conversations.selectors import dialog, pending_messages
from conversations.services import MAX_TEXT, UnknownMessage, receive_message


class DialogView(SdkView):
    """Reads for a consumer who may never have been here: nothing is stored for looking."""

    @property
    def reader(self) -> Consumer:
        return self.find_consumer() or Consumer(account=self.account, ref=self.ref)


class PendingMessages(DialogView):
    """The inbox: what the app shows when its push was not tapped. ``?appName=`` narrows it."""

    def get(self, request: Request, account_number: int) -> Response:
        pending = pending_messages(account=self.account, consumer=self.reader, now=timezone.now())
        app_name = request.query_params.get("appName", "")
        shown = [route for route in pending if not app_name or app_name in route.app_names]
        unread = sum(route.opened_at is None for route in shown)
        return Response({"messages": [outbound_json(route) for route in shown], "unread": unread})


class DialogDetail(DialogView):
    """Everything that the app's dialog shows, from top to bottom."""

    def get(self, request: Request, account_number: int) -> Response:
        found = dialog(account=self.account, consumer=self.reader, now=timezone.now())
        conversation = found.conversation
        return Response(
            {
                "welcome": found.welcome,
                "outbound": [outbound_json(route) for route in found.outbound],
                "conversation": conversation_json(conversation) if conversation else None,
                "messages": [message_json(message) for message in found.messages],
            }
        )


class Replies(SdkView):
    def post(self, request: Request, account_number: int) -> Response:
        fields = Fields(request.data)
        text = fields.text("text", required=True, max_length=MAX_TEXT)
        client_id = fields.text("clientMessageId", max_length=64) or None
        message_id = read_message_id(fields)
        fields.raise_if_invalid()
        try:
            received = receive_message(
                account=self.account,
                consumer=self.consumer,
                text=text,
                message_id=message_id,
                client_id=client_id,
                now=timezone.now(),
            )
        except UnknownMessage:
            raise Http404 from None
        body = {
            "conversationId": received.conversation.public_id,
            "messageId": received.message.public_id,
            "sentAt": received.message.sent_at,
        }
        return Response(body, status=201)


def read_message_id(fields: Fields) -> uuid.UUID | None:
    """The outbound message that is answered: 32 hex characters, as the push has it, or dashed."""
    text = fields.text("messageId", max_length=36)
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        fields.fail("messageId", "not_a_message_id", "messageId is the id that the push carried.")
        return None


def outbound_json(route: ReplyRoute) -> dict[str, Any]:
    return {
        "messageId": route.message_id.hex,
        "title": route.title,
        "text": route.text,
        "appNames": route.app_names,
        "sentAt": route.sent_at,
        "openedAt": route.opened_at,
        "repliedAt": route.replied_at,
        "validUntil": route.valid_until,
    }


def conversation_json(conversation: Conversation) -> dict[str, Any]:
    return {
        "conversationId": conversation.public_id,
        "state": conversation.state,
        "openedAt": conversation.opened_at,
        "closedAt": conversation.closed_at,
    }


def message_json(message: Message) -> dict[str, Any]:
    return {
        "messageId": message.public_id,
        "sender": message.sender,
        "text": message.text,
        "sentAt": message.sent_at,
        "clientMessageId": message.client_id,
    }
