"""What apps tell of the person before them, who writes and reads, and the number on their badge."""

from uuid import UUID

from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from common.body import Fields
from consumers.authentication import SdkView
from consumers.models import Consumer
from conversations.api.dialog import DialogView
from conversations.live import tell_typing
from conversations.models import Message, Sender
from conversations.selectors import open_conversation
from conversations.services import mark_read
from conversations.unread import unread_count


class Typing(SdkView):
    """Told to whoever answers; nothing is stored, and without a conversation nobody is told."""

    def post(self, request: Request, account_number: int) -> Response:
        fields = Fields(request.data)
        is_typing = fields.boolean("isTyping", required=True)
        fields.raise_if_invalid()
        consumer = self.find_consumer()
        conversation = open_conversation(consumer) if consumer else None
        if conversation is not None:
            tell_typing(conversation, sender=Sender.CONSUMER, is_typing=is_typing)
        return Response(status=204)


class Read(SdkView):
    """The person has seen everything up to a message of a conversation."""

    def post(self, request: Request, account_number: int) -> Response:
        fields = Fields(request.data)
        message_id = _read_message_id(fields)
        fields.raise_if_invalid()
        consumer = self.find_consumer()
        message = _find_message(consumer, message_id) if consumer and message_id else None
        if consumer is None or message is None:
            raise Http404
        mark_read(conversation=message.conversation, reader=Sender.CONSUMER, up_to=message.pk)
        return Response({"unread": unread_count(consumer, now=timezone.now())})


class Unread(DialogView):
    def get(self, request: Request, account_number: int) -> Response:
        return Response({"unread": unread_count(self.reader, now=timezone.now())})


def _read_message_id(fields: Fields) -> UUID | None:
    text = fields.text("messageId", required=True, max_length=36)
    try:
        return UUID(text) if text else None
    except ValueError:
        fields.fail("messageId", "not_a_message_id", "messageId is an id of the dialog's messages.")
        return None


def _find_message(consumer: Consumer, message_id: UUID) -> Message | None:
    said = Message.objects.filter(conversation__consumer=consumer).select_related("conversation")
    return said.filter(public_id=message_id).first()
