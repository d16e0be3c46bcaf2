"""The consumer's conversations, those of today and the earlier ones."""

from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from common.cursors import read_page
from consumers.authentication import SdkView
from conversations.api.dialog import (
    DialogView,
    conversation_json,
    message_json,
    outbound_json,
)
from conversations.models import Conversation, Message
from conversations.selectors import answered_routes, conversations_of, last_said


class History(DialogView):
    """The newest first, each with the messages it answers or goes on with, and its last one."""

    def get(self, request: Request, account_number: int) -> Response:
        found = conversations_of(self.reader).select_related("continues")
        found = found.prefetch_related("routes")
        page, place = read_page(found, request.query_params, newest_first=True)
        last = last_said(page)
        conversations = [_earlier_json(one, last.get(one.pk)) for one in page]
        return Response({"conversations": conversations, **place})


class HistoryMessages(SdkView):
    """What was said in one of them, the oldest first."""

    def get(self, request: Request, account_number: int, conversation_id: str) -> Response:
        found = conversations_of(self.consumer).filter(public_id=conversation_id).first()
        if found is None:
            raise Http404
        page, place = read_page(found.messages.all(), request.query_params, newest_first=False)
        return Response({"messages": [message_json(one) for one in page], **place})


def _earlier_json(conversation: Conversation, last: Message | None) -> dict[str, Any]:
    return {
        **conversation_json(conversation),
        "outbound": [outbound_json(route) for route in answered_routes(conversation)],
        "lastMessage": message_json(last) if last else None,
    }
