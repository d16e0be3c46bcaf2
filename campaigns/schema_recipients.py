"""A campaign's recipients, and what phones tell of them, described for the OpenAPI document."""

from campaigns.models import State
from campaigns.schema_calls import CONTENT, operation
from campaigns.schema_campaigns import ONE
from campaigns.schema_samples import RECIPIENT, STATUS_LIST, TIMELINE
from common.openapi import (
    BOOLEAN,
    COUNT,
    PAGE,
    STRING,
    TIME,
    UUID,
    Access,
    Operation,
    Schema,
    answer,
    array,
    enum,
    obj,
    or_null,
    page_answer,
    query,
    ref,
)

SDK_MESSAGE = "/api/sdk/v1/account/{accountId}/messages/{messageId}"

_RECIPIENT: dict[str, Schema] = {
    "id": UUID,
    "consumerContent": CONTENT,
    "status": enum(*State.values),
    "reason": or_null(STRING),
    "explanation": or_null(STRING),
    "remedy": or_null(STRING),
    "attempts": COUNT,
    "appName": or_null(STRING),
    "createdAt": TIME,
    "nextTryAt": or_null(TIME),
    "finishedAt": or_null(TIME),
    "expiresAt": TIME,
    "deliveredAt": or_null(TIME),
    "openedAt": or_null(TIME),
    "repliedAt": or_null(TIME),
    "conversationId": or_null(UUID),
}
_ENTRY_OPTIONAL = ("deviceId", "provider", "outcome", "reason", "detail", "elapsedMs")

COMPONENTS: dict[str, Schema] = {
    "Recipient": obj(_RECIPIENT),
    "RecipientDetail": obj(
        {**_RECIPIENT, "title": STRING, "text": STRING, "timeline": array(ref("TimelineEntry"))}
    ),
    "TimelineEntry": obj(
        {
            "at": TIME,
            "event": STRING,
            "sentence": STRING,
            "deviceId": UUID,
            "provider": STRING,
            "outcome": STRING,
            "reason": STRING,
            "detail": STRING,
            "elapsedMs": COUNT,
        },
        optional=_ENTRY_OPTIONAL,
    ),
    "CampaignConversations": obj(
        {
            "campaignStatus": enum("IN_PROGRESS", "FINISHED"),
            "conversations": array(
                obj(
                    {
                        "id": UUID,
                        "status": enum("NOT_SENT", "SCHEDULED", "DELIVERED", "FAILED", "SKIPPED"),
                        "conversationId": or_null(UUID),
                        "errorMessage": or_null(STRING),
                        "errorCode": or_null({"type": "integer"}),
                        "nextTryAt": or_null(TIME),
                    },
                    optional=("nextTryAt",),
                )
            ),
        }
    ),
}

STATUS = query("status", enum(*State.values), "Only recipients of this status.")
REASON = query("reason", STRING, "Only recipients with this reason.")


def _receipt(kind: str, summary: str) -> Operation:
    return Operation(
        id=f"tell{kind}",
        tag="SDK: messages",
        summary=summary,
        access=Access.CONSUMER,
        responses={
            200: answer(
                "`recorded` is false when it was known.",
                obj({"id": UUID, "recorded": BOOLEAN}),
                receipt={"id": RECIPIENT["id"], "recorded": True},
            )
        },
    )


OPERATIONS = {
    f"GET {ONE}/recipients": operation(
        id="listRecipients",
        summary="List a campaign's recipients",
        parameters=(STATUS, REASON, *PAGE),
        responses={200: page_answer("recipients", "Recipient", RECIPIENT)},
    ),
    f"GET {ONE}/recipients.csv": operation(
        id="exportRecipients",
        summary="Export a campaign's recipients",
        parameters=(STATUS, REASON),
        responses={200: answer("RFC 4180, UTF-8.", STRING, media_type="text/csv")},
    ),
    f"GET {ONE}/recipients/{{messageId}}": operation(
        id="getRecipient",
        summary="Read a recipient with its timeline",
        responses={
            200: answer(
                "The recipient.",
                ref("RecipientDetail"),
                recipient={**RECIPIENT, "title": "", "text": "Hi user1", "timeline": TIMELINE},
            )
        },
    ),
    f"GET {ONE}/conversations": operation(
        id="listConversations",
        summary="List recipients in LivePerson's words",
        responses={
            200: answer("Every recipient.", ref("CampaignConversations"), statuses=STATUS_LIST)
        },
    ),
    f"POST {SDK_MESSAGE}/delivered": _receipt("Delivered", "Tell that a message was shown"),
    f"POST {SDK_MESSAGE}/opened": _receipt("Opened", "Tell that a message was opened"),
}
