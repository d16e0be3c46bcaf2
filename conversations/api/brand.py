"""Bots and agents of the brand: what they may do with its conversations (E5, E7)."""

from typing import Any

from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BrandView
from common.body import Fields
from common.cursors import read_page
from common.query import Query
from common.times import json_time
from conversations.api.dialog import message_json
from conversations.context import CampaignInfo, Context, context_of
from conversations.listing import ConversationFilter, find_conversations
from conversations.models import Conversation, ConversationState, Message
from conversations.services import (
    MAX_TEXT,
    accept_conversation,
    add_agent_message,
    close_conversation,
    transfer_conversation,
)

READ, WRITE = "conversations:read", "conversations:write"


class Conversations(BrandView):
    """``state``, ``skill`` and ``accepted`` narrow; the newest first."""

    required_scope = READ
    api_name = "conversations"

    def get(self, request: Request, account_number: int) -> Response:
        query = Query(request.query_params)
        accepted = query.choice("accepted", ("true", "false"))
        wanted = ConversationFilter(
            state=query.choice("state", ConversationState.values),
            skill=query.text("skill"),
            consumer_ref=query.text("consumer"),
            is_accepted=None if accepted is None else accepted == "true",
        )
        query.raise_if_invalid()
        found = find_conversations(self.account, wanted)
        page, place = read_page(found, request.query_params, newest_first=True)
        return Response({"conversations": [summary_json(one) for one in page], **place})


class ConversationView(BrandView):
    required_scope = {"GET": READ, "POST": WRITE}  # noqa: RUF012
    api_name = "conversations"
    conversation: Conversation

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        found = find_conversations(self.account, ConversationFilter())
        conversation = found.filter(public_id=kwargs["conversation_id"]).first()
        if conversation is None:
            raise Http404("This account has no such conversation.")
        self.conversation = conversation

    @property
    def actor(self) -> str:
        """Who acts, as agents and the audit log name it."""
        return str(self.client.name or self.client.client_id)

    def told(self) -> Response:
        return Response(detail_json(context_of(self.conversation, now=timezone.now())))


class ConversationDetail(ConversationView):
    def get(self, request: Request, **kwargs: Any) -> Response:
        return self.told()


class ConversationAccept(ConversationView):
    def post(self, request: Request, **kwargs: Any) -> Response:
        accept_conversation(conversation=self.conversation, by=self.actor, now=timezone.now())
        return self.told()


class ConversationMessages(ConversationView):
    """What was said, the oldest first, ``after`` a message or from the beginning; a POST says
    more."""

    def get(self, request: Request, **kwargs: Any) -> Response:
        messages = self.conversation.messages.all()
        if (after := self._after(request)) is not None:
            messages = messages.filter(pk__gt=after.pk)
        page, place = read_page(messages, request.query_params, newest_first=False)
        return Response({"messages": [_said_json(one) for one in page], **place})

    def _after(self, request: Request) -> Message | None:
        query = Query(request.query_params)
        given = query.uuid("after")
        query.raise_if_invalid()
        if given is None:
            return None
        found = self.conversation.messages.filter(public_id=given).first()
        if found is None:
            raise Http404("This conversation has no such message.")
        return found

    def post(self, request: Request, **kwargs: Any) -> Response:
        fields = Fields(request.data)
        text = fields.text("text", required=True, max_length=MAX_TEXT)
        client_id = fields.text("clientMessageId", max_length=64) or None
        fields.raise_if_invalid()
        message = add_agent_message(
            conversation=self.conversation,
            text=text,
            client_id=client_id,
            by=self.actor,
            now=timezone.now(),
        )
        return Response(_said_json(message), status=201)


class ConversationTransfer(ConversationView):
    def post(self, request: Request, **kwargs: Any) -> Response:
        fields = Fields(request.data)
        name = fields.text("skill", required=True)
        skill = self.account.skills.filter(name=name).first() if name else None
        if name and skill is None:
            fields.fail("skill", "unknown_skill", f"This account has no skill named “{name}”.")
        fields.raise_if_invalid()
        if skill is not None:
            transfer_conversation(
                conversation=self.conversation, skill=skill, by=self.actor, now=timezone.now()
            )
        return self.told()


class ConversationClose(ConversationView):
    def post(self, request: Request, **kwargs: Any) -> Response:
        close_conversation(conversation=self.conversation, by=self.actor, now=timezone.now())
        return self.told()


def summary_json(conversation: Conversation) -> dict[str, Any]:
    consumer = conversation.consumer
    return {
        "conversationId": conversation.public_id,
        "state": conversation.state,
        "skill": conversation.skill.name,
        "channel": conversation.channel,
        "consumerContent": {"inapp": consumer.ref} if consumer else None,
        "openedAt": json_time(conversation.opened_at),
        "acceptedAt": json_time(conversation.accepted_at),
        "acceptedBy": conversation.accepted_by or None,
        "closedAt": json_time(conversation.closed_at),
        "closedBy": conversation.closed_by or None,
        "closedBecause": conversation.closed_because or None,
        "explanation": conversation.explanation,
    }


def detail_json(context: Context) -> dict[str, Any]:
    """Campaign info, consumer info and conversation info, as agents see them."""
    return {
        **summary_json(context.conversation),
        "campaigns": [campaign_json(one) for one in context.campaigns],
        "consumer": _consumer_json(context),
    }


def campaign_json(info: CampaignInfo) -> dict[str, Any]:
    route = info.route
    return {
        "campaignId": route.campaign_id,
        "campaignName": route.campaign_name,
        "engagementName": route.engagement_name,
        "skill": route.skill.name,
        "source": route.source,
        "handoffId": route.handoff_id,
        "handoffTitle": route.handoff_title,
        "messageId": route.message_id,
        "title": route.title,
        "text": route.text,
        "state": route.state,
        "sentAt": json_time(route.sent_at),
        "openedAt": json_time(route.opened_at),
        "repliedAt": json_time(route.replied_at),
        "validUntil": json_time(route.valid_until),
        "lookbackSecondsLeft": info.seconds_left,
    }


def _consumer_json(context: Context) -> dict[str, Any] | None:
    consumer, device = context.conversation.consumer, context.device
    if consumer is None:
        return None
    return {
        "consumerId": consumer.ref,
        "name": consumer.name or None,
        "platform": device.platform if device else None,
        "osVersion": (device.os_version if device else "") or None,
        "model": (device.model if device else "") or None,
        "country": (device.country if device else "") or None,
        "city": (device.city if device else "") or None,
        "timeZone": (device.time_zone if device else "") or None,
        "earlierConversations": context.earlier,
    }


def _said_json(message: Any) -> dict[str, Any]:
    return {**message_json(message), "author": message.author or None}
