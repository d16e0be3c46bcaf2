"""The SDK's live stream, reading and history, described for the OpenAPI document."""

from functools import partial

import orjson

from common.openapi import (
    BOOLEAN,
    COUNT,
    MESSAGE_ID,
    PAGE,
    UUID_PATTERN,
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
    page_answer,
    query,
    ref,
)
from conversations.schema import DIALOG, OUTBOUND, SDK

_SAID = DIALOG["messages"][0]
_ANSWER = {
    **_SAID,
    "messageId": "01a209dc-0b1e-7f3a-8a11-5d0c6c1f9e42",
    "sender": "agent",
    "text": "Thank you, Ingrid. Which is the new one?",
    "clientMessageId": None,
}
_EARLIER = {**DIALOG["conversation"], "outbound": [OUTBOUND], "lastMessage": _ANSWER}

COMPONENTS: dict[str, Schema] = {
    "EarlierConversation": {
        "allOf": [
            ref("Conversation"),
            obj({"outbound": array(ref("Outbound")), "lastMessage": or_null(ref("Message"))}),
        ]
    },
}

EVENT = obj(
    {
        "event": enum(
            *("outbound", "message", "conversation", "typing", "read", "unread"),
            *("expired", "replaced"),
        ),
        "data": about({"type": "string", "contentMediaType": "application/json"}, "JSON."),
        "id": about({"type": "string", "pattern": f"^{MESSAGE_ID}$"}, "To go on after."),
    },
    optional=("id",),
    description="One of the events.",
)
_UNREAD = obj({"unread": COUNT})
_LAST_EVENT_ID: Schema = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": f"^{MESSAGE_ID}$"},
    "description": "As `after`, and before it.",
}
_dialog = partial(Operation, tag="SDK: messages", access=Access.CONSUMER)

OPERATIONS = {
    f"GET {SDK}/events": _dialog(
        id="readEvents",
        summary="Be told what happens, as it happens",
        description=(
            "Server-sent events: `outbound`, `message`, `conversation`, `typing`, `read`, "
            "`unread`; `expired` and `replaced` are the last ones. A comment each 15 seconds."
        ),
        parameters=(
            _LAST_EVENT_ID,
            query(
                "after",
                {"type": "string", "pattern": f"^{MESSAGE_ID}$"},
                "Go on after this message of the dialog; else with what is new.",
            ),
        ),
        responses={
            200: answer(
                "For as long as the token is good.",
                EVENT,
                media_type="text/event-stream",
                message={
                    "event": "message",
                    "data": orjson.dumps(_ANSWER).decode(),
                    "id": _ANSWER["messageId"],
                },
                typing={"event": "typing", "data": '{"isTyping":true}'},
            )
        },
    ),
    f"POST {SDK}/typing": _dialog(
        id="tellTyping",
        summary="Tell that the person writes, or has stopped",
        body=json_body(obj({"isTyping": BOOLEAN}), typing={"isTyping": True}),
        responses={204: answer("Told, where somebody answers.")},
    ),
    f"POST {SDK}/read": _dialog(
        id="tellRead",
        summary="Tell how far the person has read",
        body=json_body(
            obj(
                {
                    "messageId": about(
                        {"type": "string", "pattern": f"^{UUID_PATTERN}$"},
                        "The last message of a conversation that was seen.",
                    )
                }
            ),
            read={"messageId": _ANSWER["messageId"]},
        ),
        responses={200: answer("What is left.", _UNREAD, left={"unread": 0})},
    ),
    f"GET {SDK}/unread": _dialog(
        id="countUnread",
        summary="Read the number of the badge",
        description="Agents' messages that were not read, and messages of the inbox not opened.",
        responses={200: answer("The number.", _UNREAD, unread={"unread": 2})},
    ),
    f"GET {SDK}/conversations": _dialog(
        id="listOwnConversations",
        summary="List the consumer's conversations",
        description="The newest first, each with the messages that it answers.",
        parameters=PAGE,
        responses={200: page_answer("conversations", "EarlierConversation", _EARLIER)},
    ),
    f"GET {SDK}/conversations/{{conversationId}}/messages": _dialog(
        id="listOwnMessages",
        summary="Read what was said in a conversation",
        description="The oldest first.",
        parameters=PAGE,
        responses={200: page_answer("messages", "Message", _ANSWER)},
    ),
}
