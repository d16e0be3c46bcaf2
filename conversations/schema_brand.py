"""The brand's side of conversations, described for the OpenAPI document."""

from functools import partial

from common.cursors import CURSOR_PATTERN
from common.openapi import (
    COUNT,
    STORABLE,
    STRING,
    TIME,
    UUID,
    VISIBLE_PATTERN,
    Access,
    Operation,
    Schema,
    about,
    answer,
    array,
    enum,
    json_body,
    obj,
    or_null,
    page_parameters,
    query,
    ref,
)
from conversations.models import ConversationState, MessageState, Sender, Source
from conversations.services import MAX_TEXT

PATH = "/api/v2/account/{accountId}/conversations"
ONE = f"{PATH}/{{conversationId}}"
READ, WRITE = "conversations:read", "conversations:write"

_SUMMARY: dict[str, Schema] = {
    "conversationId": UUID,
    "state": enum(*ConversationState.values),
    "skill": STRING,
    "channel": STRING,
    "consumerContent": or_null(obj({"inapp": STRING})),
    "openedAt": TIME,
    "acceptedAt": or_null(TIME),
    "acceptedBy": or_null(STRING),
    "closedAt": or_null(TIME),
    "closedBy": or_null(STRING),
    "closedBecause": about(or_null(STRING), "Why, where it closed by itself."),
    "explanation": about(STRING, "Why it came to this skill."),
}
COMPONENTS: dict[str, Schema] = {
    "ConversationSummary": obj(_SUMMARY),
    "ConversationInfo": obj(
        {
            **_SUMMARY,
            "campaigns": array(ref("CampaignInfo"), maxItems=5),
            "consumer": or_null(ref("ConsumerInfo")),
        }
    ),
    "CampaignInfo": obj(
        {
            "campaignId": STRING,
            "campaignName": STRING,
            "engagementName": STRING,
            "skill": STRING,
            "source": enum(*Source.values),
            "handoffId": STRING,
            "handoffTitle": STRING,
            "messageId": UUID,
            "title": STRING,
            "text": STRING,
            "state": enum(*MessageState.values),
            "sentAt": or_null(TIME),
            "openedAt": or_null(TIME),
            "repliedAt": or_null(TIME),
            "validUntil": TIME,
            "lookbackSecondsLeft": COUNT,
        }
    ),
    "ConsumerInfo": obj(
        {
            "consumerId": STRING,
            "name": or_null(STRING),
            "platform": or_null(STRING),
            "osVersion": or_null(STRING),
            "model": or_null(STRING),
            "country": or_null(STRING),
            "city": or_null(STRING),
            "timeZone": or_null(STRING),
            "earlierConversations": COUNT,
        }
    ),
    "SaidMessage": obj(
        {
            "messageId": UUID,
            "sender": enum(*Sender.values),
            "author": or_null(STRING),
            "text": STRING,
            "sentAt": TIME,
            "clientMessageId": or_null(STRING),
        }
    ),
}
SUMMARY = {
    "conversationId": "01a209db-99c4-7c86-9aa7-cde7983dd567",
    "state": "open",
    "skill": "billing",
    "channel": "inapp",
    "consumerContent": {"inapp": "user1"},
    "openedAt": "2026-11-23T19:21:56.303915Z",
    "acceptedAt": None,
    "acceptedBy": None,
    "closedAt": None,
    "closedBy": None,
    "closedBecause": None,
    "explanation": "To billing, because this answers “Card renewal”.",
}
INFO = {
    **SUMMARY,
    "campaigns": [
        {
            "campaignId": "aB3dE5gH7",
            "campaignName": "Card renewal",
            "engagementName": "Card renewal · billing",
            "skill": "billing",
            "source": "API",
            "handoffId": "H1234567890",
            "handoffTitle": "New card",
            "messageId": "01a209db-8c4d-7ddf-957e-79b841630db5",
            "title": "Your new card",
            "text": "Hi user1, your new card is on its way.",
            "state": "opened",
            "sentAt": "2026-11-23T19:21:53.187052Z",
            "openedAt": "2026-11-23T19:21:55.187052Z",
            "repliedAt": "2026-11-23T19:21:56.303915Z",
            "validUntil": "2026-12-23T19:21:52.966433Z",
            "lookbackSecondsLeft": 2591996,
        }
    ],
    "consumer": {
        "consumerId": "user1",
        "name": "User One",
        "platform": "ios",
        "osVersion": "18.6",
        "model": "iPhone 15",
        "country": "GB",
        "city": "Leeds",
        "timeZone": "Europe/London",
        "earlierConversations": 0,
    },
}
SAID = {
    "messageId": "01a209db-99ca-740c-ad77-7f42c9f2f018",
    "sender": "agent",
    "author": "faq-bot",
    "text": "It arrives on Friday.",
    "sentAt": "2026-11-23T19:22:06.303915Z",
    "clientMessageId": "bot-1",
}
_NARROW: Schema = {"type": "string", "maxLength": 255, "pattern": STORABLE}
_PLACE = {"limit": COUNT, "nextCursor": or_null(STRING)}
_operation = partial(Operation, tag="Conversations", access=Access.BRAND)
_told = {200: answer("As it is now.", ref("ConversationInfo"), conversation=INFO)}
OPERATIONS = {
    f"GET {PATH}": _operation(
        id="listAccountConversations",
        scope=READ,
        summary="List conversations, the newest first",
        parameters=(
            query("state", enum(*ConversationState.values), "Only of this state."),
            query("skill", _NARROW, "Only of this skill."),
            query("consumer", _NARROW, "Only of this consumer."),
            query("accepted", enum("true", "false"), "Whether somebody answers it."),
            *page_parameters(CURSOR_PATTERN),
        ),
        responses={
            200: answer(
                "A page.",
                obj({"conversations": array(ref("ConversationSummary")), **_PLACE}),
                page={"conversations": [SUMMARY], "limit": 50, "nextCursor": None},
            )
        },
    ),
    f"GET {ONE}": _operation(
        id="getConversation",
        scope=READ,
        summary="Campaign info, consumer info and conversation info",
        responses=_told,
    ),
    f"POST {ONE}/accept": _operation(
        id="acceptConversation",
        scope=WRITE,
        summary="Take a conversation on",
        responses=_told,
        errors={409: "`conversation_taken` or `conversation_closed`."},
    ),
    f"GET {ONE}/messages": _operation(
        id="listConversationMessages",
        scope=READ,
        summary="What was said, the oldest first",
        parameters=(
            query("after", UUID, "Only what was said after this message (`messageId`)."),
            *page_parameters(CURSOR_PATTERN),
        ),
        responses={
            200: answer(
                "A page.",
                obj({"messages": array(ref("SaidMessage")), **_PLACE}),
                page={"messages": [SAID], "limit": 50, "nextCursor": None},
            )
        },
    ),
    f"POST {ONE}/messages": _operation(
        id="sayInConversation",
        scope=WRITE,
        summary="Answer the consumer",
        body=json_body(
            obj(
                {
                    "text": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": MAX_TEXT,
                        "pattern": VISIBLE_PATTERN,
                    },
                    "clientMessageId": about(
                        {"type": ["string", "null"], "maxLength": 64},
                        "Your own id: said twice, it is said once.",
                    ),
                },
                optional=("clientMessageId",),
            ),
            said={"text": SAID["text"], "clientMessageId": "bot-1"},
        ),
        responses={201: answer("Said.", ref("SaidMessage"), said=SAID)},
        errors={409: "`conversation_closed` or `client_id_reused`."},
    ),
    f"POST {ONE}/transfer": _operation(
        id="transferConversation",
        scope=WRITE,
        summary="Hand it to another skill, where somebody has to accept it",
        body=json_body(
            obj({"skill": {"type": "string", "minLength": 1, "maxLength": 255}}),
            skill={"skill": "sales"},
        ),
        responses=_told,
        errors={409: "`conversation_closed`."},
    ),
    f"POST {ONE}/close": _operation(
        id="closeConversation",
        scope=WRITE,
        summary="Close it; again and again gives the same answer",
        responses=_told,
    ),
}
