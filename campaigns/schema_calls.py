"""A call that sends a campaign, and its answer, described for the OpenAPI document."""

from functools import partial

from campaigns.parsing import MAX_HANDOFF_ID, MAX_NAME, MAX_VARIABLE
from campaigns.scheduling import MAX_WINDOWS
from campaigns.schema_samples import CALL, CREATED, FAILED, FORECAST
from campaigns.windows import DAYS
from common.openapi import (
    BOOLEAN,
    COUNT,
    STRING,
    TEXT_PATTERN,
    TIME,
    UUID,
    Access,
    Operation,
    Schema,
    about,
    answer,
    array,
    enum,
    header,
    json_body,
    obj,
    or_null,
    query,
    ref,
    whole,
)

CAMPAIGNS = "/api/v2/account/{accountId}/campaign"


def _name(max_length: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": max_length, "pattern": TEXT_PATTERN}


_HANDOFF = _name(MAX_HANDOFF_ID)
_HOUR = whole(0, 23, digits="(0{0,5}[0-9]|0{0,4}(1[0-9]|2[0-3]))")
_MINUTE = whole(0, 59, digits="(0{0,5}[0-9]|0{0,4}[1-5][0-9])")
_TIME = obj({"hour": _HOUR, "minute": or_null(_MINUTE)}, optional=("minute",))
_MIDNIGHT = obj(
    {
        "hour": whole(24, 24, digits="0{0,4}24"),
        "minute": or_null(whole(0, 0, digits="0{1,6}")),
    },
    optional=("minute",),
)
_NOTHING: Schema = {"type": "array", "maxItems": 0, "description": "PHP's empty object."}

CONTENT = obj({"inapp": about(STRING, "The consumer id: `sub` of the brand's JWT.")})

COMPONENTS: dict[str, Schema] = {
    "CampaignCall": obj(
        {
            "campaignName": about(_name(MAX_NAME), "What agents see."),
            "skill": about(_name(MAX_NAME), "Name of the skill that replies go to."),
            "templateId": about(or_null(_HANDOFF), "Id of a handoff."),
            "handoffId": {"description": "A synonym, read where there is no `templateId`."},
            "consent": {"const": True},
            "consumers": array(
                {
                    "anyOf": [
                        ref("Consumer"),
                        {"description": "Anything else fails alone, in `failedConsumers`."},
                    ]
                },
                minItems=1,
                maxItems=10_000,
                description="As many as the account's limit: 100 unless raised.",
            ),
            "schedulingMetrics": {"anyOf": [ref("SchedulingMetrics"), {"type": "null"}, _NOTHING]},
            "startAt": {
                "anyOf": [TIME, {"enum": ["", None]}],
                "description": "RFC 3339, at most 366 days ahead.",
            },
        },
        optional=("templateId", "handoffId", "schedulingMetrics", "startAt"),
        anyOf=[
            {"properties": {"templateId": {"type": "string"}}, "required": ["templateId"]},
            {
                "properties": {"templateId": {"type": "null"}, "handoffId": _HANDOFF},
                "required": ["handoffId"],
            },
        ],
        description="Fields that are not known are ignored and named in `warnings`.",
    ),
    "Consumer": obj(
        {
            "consumerContent": CONTENT,
            "variables": about(
                {
                    "type": "object",
                    "additionalProperties": {"type": "string", "maxLength": MAX_VARIABLE},
                },
                'By `"1"`, `"2"`, …; absent or empty sends the handoff\'s text.',
            ),
        },
        optional=("variables",),
    ),
    "SchedulingMetrics": obj(
        {"windows": or_null(array(ref("Window"), maxItems=MAX_WINDOWS))}, optional=("windows",)
    ),
    "Window": obj(
        {
            "startTime": _TIME,
            "endTime": {"anyOf": [_TIME, _MIDNIGHT], "description": "24:00 at the latest."},
            "day": about(or_null(enum("", *DAYS)), "Without it, each day."),
        },
        optional=("day",),
    ),
    "CreatedCampaign": obj(
        {
            "proactiveCampaignId": STRING,
            "leCampaignId": STRING,
            "leEngagementId": STRING,
            "requestTraceId": UUID,
            "failedConsumers": array(ref("FailedConsumer")),
            "acceptedConsumers": array(obj({"id": UUID, "consumerContent": {"type": "object"}})),
            "warnings": array(ref("Warning")),
        },
        optional=("warnings",),
    ),
    "FailedConsumer": about(
        obj({"errorMessage": STRING}, additionalProperties=True),
        "The consumer as it was sent, and what is wrong with it.",
    ),
    "DryRun": obj(
        {
            "dryRun": {"const": True},
            "requestTraceId": UUID,
            "failedConsumers": array(ref("FailedConsumer")),
            "consumers": array(ref("Forecast")),
            "warnings": array(ref("Warning")),
        },
        optional=("warnings",),
    ),
    "Forecast": obj(
        {
            "consumerContent": {"type": "object"},
            "wouldSend": BOOLEAN,
            "wouldGoOutAt": or_null(TIME),
            "reason": or_null(STRING),
            "explanation": or_null(STRING),
            "remedy": or_null(STRING),
            "timeZone": STRING,
            "title": STRING,
            "text": STRING,
            "targets": array(
                obj(
                    {
                        "platform": STRING,
                        "appName": STRING,
                        "payloadBytes": COUNT,
                        "isPreview": BOOLEAN,
                    }
                )
            ),
        }
    ),
}

# Bare, or a Structured-Field String with its quotes.
KEY_PATTERN = r'^([!#-~][!-~]{0,254}|"([!#-\[\]-~]|\\["\\]){1,255}")$'
KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": KEY_PATTERN, "examples": ["8e03978e-40d5-43e8"]},
    "description": "Carries a call out once; a second one gets the first one's answer.",
}
DRY_RUN = query("dryRun", enum("true", "false"), "Store and send nothing; say what would be.")

operation = partial(Operation, tag="Campaigns", access=Access.BRAND, scope="campaigns:read")

OPERATIONS = {
    f"POST {CAMPAIGNS}": operation(
        id="createCampaign",
        scope="campaigns:send",
        summary="Send a campaign",
        description=(
            "What is wrong with the call refuses it whole; what is wrong with one consumer fails"
            " that one alone. With `dryRun=true` nothing is stored or sent."
        ),
        parameters=(DRY_RUN, KEY),
        body=json_body(ref("CampaignCall"), inapp=CALL),
        responses={
            200: answer(
                "The campaign, or the dry run.",
                {"anyOf": [ref("CreatedCampaign"), ref("DryRun")]},
                headers={
                    "Idempotent-Replayed": header("It is the answer of an earlier call.", STRING)
                },
                inapp=CREATED,
                failed={**CREATED, "acceptedConsumers": [], "failedConsumers": [FAILED]},
                dryRun=FORECAST,
            )
        },
        errors={409: "`idempotency_key_in_use`.", 422: "`idempotency_key_reused`."},
    ),
}
