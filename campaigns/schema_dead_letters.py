"""Dead letters, described for the OpenAPI document."""

from common.openapi import (
    BOOLEAN,
    COUNT,
    STORABLE,
    STRING,
    TIME,
    UUID,
    Access,
    Operation,
    Schema,
    answer,
    array,
    json_body,
    obj,
    or_null,
    query,
    ref,
)

PATH = "/api/v2/account/{accountId}/deadletters"
_NAME = or_null({"type": "string", "minLength": 1, "maxLength": 255, "pattern": STORABLE})
_CAUSE = {
    "appName": or_null(STRING),
    "provider": or_null(STRING),
    "reason": STRING,
    "explanation": STRING,
    "remedy": STRING,
    "count": COUNT,
    "replayable": COUNT,
    "firstFailedAt": TIME,
    "lastFailedAt": TIME,
    "detail": or_null(STRING),
}
COMPONENTS: dict[str, Schema] = {
    "DeadLetters": obj({"asOf": TIME, "causes": array(obj(_CAUSE))}),
    "ReplaySelection": obj(
        {
            "reason": _NAME,
            "provider": _NAME,
            "appName": _NAME,
            "campaignId": _NAME,
            "ids": or_null(array(UUID, maxItems=1000)),
            "failedBefore": or_null(TIME),
        },
        optional=("reason", "provider", "appName", "campaignId", "ids", "failedBefore"),
        anyOf=[
            {"required": [name], "properties": {name: {"type": kind}}}
            for name, kind in {"reason": "string", "campaignId": "string", "ids": "array"}.items()
        ],
    ),
    "Replay": obj(
        {
            "replayed": COUNT,
            "notReplayed": array(obj({"reason": STRING, "count": COUNT})),
            "isComplete": BOOLEAN,
        }
    ),
}
_AT = "2026-11-23T19:21:56.751127Z"
_CAUSES = {
    "asOf": _AT,
    "causes": [
        {
            "appName": "com.larkfield.app",
            "provider": "lab",
            "reason": "payload_too_big",
            "explanation": "The provider found the message too big.",
            "remedy": "Send a shorter text.",
            "count": 2,
            "replayable": 2,
            "firstFailedAt": _AT,
            "lastFailedAt": _AT,
            "detail": None,
        }
    ],
}
OPERATIONS = {
    f"GET {PATH}": Operation(
        id="listDeadLetters",
        tag="Dead letters",
        access=Access.BRAND,
        scope="campaigns:read",
        summary="What failed for good, by cause",
        parameters=(
            query("campaign", {"type": "string", "maxLength": 255}, "Only of this campaign."),
            query("from", TIME, "Failed from this time on; 30 days ago unless told."),
        ),
        responses={200: answer("The causes.", ref("DeadLetters"), causes=_CAUSES)},
    ),
    f"POST {PATH}/replay": Operation(
        id="replayDeadLetters",
        tag="Dead letters",
        access=Access.BRAND,
        scope="campaigns:send",
        summary="Send again what failed for good",
        description="At most 5,000 messages a call.",
        body=json_body(
            ref("ReplaySelection"), cause={"reason": "payload_too_big", "failedBefore": _AT}
        ),
        responses={
            200: answer(
                "What was queued again.",
                ref("Replay"),
                replay={"replayed": 2, "notReplayed": [], "isComplete": True},
            )
        },
    ),
}
