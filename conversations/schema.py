"""The SDK's dialog, described for the OpenAPI document."""

from functools import partial
from typing import Any

from common.openapi import (
    COUNT,
    MESSAGE_ID,
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
    query,
    ref,
)
from conversations.models import ConversationState, Sender
from conversations.services import MAX_TEXT

SDK = "/api/sdk/v1/account/{accountId}"

COMPONENTS: dict[str, Schema] = {
    "Outbound": obj(
        {
            "messageId": STRING,
            "title": STRING,
            "text": STRING,
            "appNames": array(STRING),
            "sentAt": or_null(TIME),
            "openedAt": or_null(TIME),
            "repliedAt": or_null(TIME),
            "validUntil": TIME,
        }
    ),
    "Conversation": obj(
        {
            "conversationId": UUID,
            "state": enum(*ConversationState.values),
            "openedAt": TIME,
            "closedAt": or_null(TIME),
        }
    ),
    "Message": obj(
        {
            "messageId": UUID,
            "sender": enum(*Sender.values),
            "text": STRING,
            "sentAt": TIME,
            "clientMessageId": or_null(STRING),
        }
    ),
}

OUTBOUND = {
    "messageId": "01a209db8c4d7ddf957e79b841630db5",
    "title": "Your new card",
    "text": "Hi user1, welcome to proactive messaging.",
    "appNames": ["com.larkfield.app"],
    "sentAt": "2026-11-23T19:21:53.187052Z",
    "openedAt": None,
    "repliedAt": None,
    "validUntil": "2026-12-23T19:21:52.966433Z",
}
REPLY = {
    "text": "My address has changed.",
    "messageId": "01a209db8c4d7ddf957e79b841630db5",
    "clientMessageId": "7c2e",
}
DIALOG: dict[str, Any] = {
    "welcome": None,
    "outbound": [],
    "conversation": {
        "conversationId": "01a209db-99c4-7c86-9aa7-cde7983dd567",
        "state": "open",
        "openedAt": "2026-11-23T19:21:56.303915Z",
        "closedAt": None,
    },
    "messages": [
        {
            "messageId": "01a209db-99ca-740c-ad77-7f42c9f2f018",
            "sender": "consumer",
            "text": "My address has changed.",
            "sentAt": "2026-11-23T19:21:56.303915Z",
            "clientMessageId": "7c2e",
        }
    ],
}

_operation = partial(Operation, tag="SDK: messages", access=Access.CONSUMER)

OPERATIONS = {
    f"GET {SDK}/messages": _operation(
        id="listInbox",
        summary="Read the inbox",
        description="What was sent, is not answered, and can still be.",
        parameters=(query("appName", STRING, "Only messages of this app."),),
        responses={
            200: answer(
                "The inbox.",
                obj({"messages": array(ref("Outbound")), "unread": COUNT}),
                inbox={"messages": [OUTBOUND], "unread": 1},
            )
        },
    ),
    f"GET {SDK}/dialog": _operation(
        id="getDialog",
        summary="Read all that the dialog shows",
        responses={
            200: answer(
                "From top to bottom.",
                obj(
                    {
                        "welcome": or_null(STRING),
                        "outbound": array(ref("Outbound")),
                        "conversation": or_null(ref("Conversation")),
                        "messages": array(ref("Message")),
                    }
                ),
                dialog=DIALOG,
            )
        },
    ),
    f"POST {SDK}/replies": _operation(
        id="reply",
        summary="Write a reply",
        body=json_body(
            obj(
                {
                    "text": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": MAX_TEXT,
                        "pattern": VISIBLE_PATTERN,
                    },
                    "messageId": about(
                        or_null({"type": "string", "pattern": f"^({MESSAGE_ID})?$"}),
                        "The outbound message that is answered; else the newest.",
                    ),
                    "clientMessageId": about(
                        {"type": ["string", "null"], "maxLength": 64},
                        "The app's own id: sent twice, it is stored once.",
                    ),
                },
                optional=("messageId", "clientMessageId"),
            ),
            reply=REPLY,
        ),
        responses={
            201: answer(
                "Stored.",
                obj({"conversationId": UUID, "messageId": UUID, "sentAt": TIME}),
                stored={
                    "conversationId": "01a209db-99c4-7c86-9aa7-cde7983dd567",
                    "messageId": "01a209db-99ca-740c-ad77-7f42c9f2f018",
                    "sentAt": "2026-11-23T19:21:56.303915Z",
                },
            )
        },
        errors={409: "`client_id_reused` or `no_skill`."},
    ),
}
