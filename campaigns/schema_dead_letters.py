"""Dead letters, described for the OpenAPI document."""

from campaigns.schema_calls import CONTENT
from campaigns.schema_samples import RECIPIENT
from common.cursors import DEFAULT_LIMIT, TIME_CURSOR_PATTERN
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
    about,
    answer,
    array,
    json_body,
    obj,
    or_null,
    page_parameters,
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
_LETTER = {
    "id": UUID,
    "campaignId": STRING,
    "consumerContent": CONTENT,
    "appName": or_null(STRING),
    "provider": or_null(STRING),
    "reason": STRING,
    "explanation": STRING,
    "remedy": STRING,
    "detail": or_null(STRING),
    "attempts": COUNT,
    "replays": COUNT,
    "failedAt": TIME,
    "expiresAt": TIME,
    "notReplayable": or_null(about(STRING, "Why a replay would leave it.")),
}
COMPONENTS: dict[str, Schema] = {
    "DeadLetters": obj({"asOf": TIME, "causes": array(obj(_CAUSE))}),
    "DeadLetter": obj(_LETTER),
    "DeadLetterMessages": obj(
        {
            "asOf": TIME,
            "deadLetters": array(ref("DeadLetter")),
            "limit": COUNT,
            "nextCursor": or_null(STRING),
        }
    ),
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
_LETTERS = {
    "asOf": _AT,
    "deadLetters": [
        {
            "id": RECIPIENT["id"],
            "campaignId": "aB3dE5gH7",
            "consumerContent": RECIPIENT["consumerContent"],
            "appName": "com.larkfield.app",
            "provider": "lab",
            "reason": "payload_too_big",
            "explanation": "The provider found the message too big.",
            "remedy": "Send a shorter text.",
            "detail": None,
            "attempts": 1,
            "replays": 0,
            "failedAt": _AT,
            "expiresAt": "2026-12-23T19:21:56.751127Z",
            "notReplayable": None,
        }
    ],
    "limit": DEFAULT_LIMIT,
    "nextCursor": None,
}
_CAMPAIGN = query("campaign", {"type": "string", "maxLength": 255}, "Only of this campaign.")
_FROM = query("from", TIME, "Failed from this time on; 30 days ago unless told.")
_NARROW = {"type": "string", "maxLength": 255}
OPERATIONS = {
    f"GET {PATH}": Operation(
        id="listDeadLetters",
        tag="Dead letters",
        access=Access.BRAND,
        scope="campaigns:read",
        summary="What failed for good, by cause",
        parameters=(_CAMPAIGN, _FROM),
        responses={200: answer("The causes.", ref("DeadLetters"), causes=_CAUSES)},
    ),
    f"GET {PATH}/messages": Operation(
        id="listDeadLetterMessages",
        tag="Dead letters",
        access=Access.BRAND,
        scope="campaigns:read",
        summary="The messages that failed for good, the last first",
        parameters=(
            query("reason", _NARROW, "Only what failed of this reason."),
            query("provider", _NARROW, "Only what this provider was asked last."),
            query("appName", _NARROW, "Only what was last pushed to this app."),
            _CAMPAIGN,
            _FROM,
            *page_parameters(TIME_CURSOR_PATTERN),
        ),
        responses={200: answer("A page.", ref("DeadLetterMessages"), letters=_LETTERS)},
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
