"""Campaigns and their recipients, described for the OpenAPI document."""

from accounts.models import Platform
from campaigns import schema_reports
from campaigns.listing import STATUSES
from campaigns.models import State
from campaigns.parsing import MAX_HANDOFF_ID, MAX_NAME, MAX_VARIABLE
from campaigns.scheduling import MAX_WINDOWS
from campaigns.schema_samples import (
    CALL,
    CAMPAIGN,
    CREATED,
    FAILED,
    FORECAST,
    LISTED,
    RECIPIENT,
    STATUS_LIST,
    TIMELINE,
)
from campaigns.windows import DAYS
from common.cursors import DEFAULT_LIMIT, MAX_LIMIT
from common.openapi import (
    BOOLEAN,
    COUNT,
    STRING,
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
    page_of,
    page_parameters,
    query,
    ref,
)
from conversations.models import Source
from push.models import ProviderKind

CAMPAIGNS = "/api/v2/account/{accountId}/campaign"
ONE = f"{CAMPAIGNS}/{{campaignId}}"
SDK_MESSAGE = "/api/sdk/v1/account/{accountId}/messages/{messageId}"
# What a message may hold: no control character but tab and line breaks.
TEXT_PATTERN = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"


def _name(max_length: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": max_length, "pattern": TEXT_PATTERN}


def _number(most: int) -> Schema:
    digits = {"type": "string", "pattern": "^[0-9]{1,6}$"}
    return {"anyOf": [{"type": "integer", "minimum": 0, "maximum": most}, digits]}


def _time(latest: int) -> Schema:
    return obj({"hour": _number(latest), "minute": or_null(_number(59))}, optional=("minute",))


CONTENT = obj({"inapp": about(STRING, "The consumer id: `sub` of the brand's JWT.")})
_CAMPAIGN: dict[str, Schema] = {
    "proactiveCampaignId": STRING,
    "campaignName": STRING,
    "leCampaignId": STRING,
    "leEngagementId": STRING,
    "requestTraceId": UUID,
    "source": enum(*Source.values),
    "channel": STRING,
    "skill": STRING,
    "handoff": obj({"id": STRING, "title": STRING}),
    "status": enum(*STATUSES),
    "nextTryAt": or_null(TIME),
    "heldUp": about(array(ref("HeldUp")), "Providers of its apps that are left alone for now."),
    "startAt": or_null(TIME),
    "schedulingMetrics": or_null(obj({"windows": array({"type": "object"})})),
    "createdAt": TIME,
    "cancelledAt": or_null(TIME),
    "counts": about({"type": "object", "additionalProperties": COUNT}, "Recipients by status."),
}
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
    **schema_reports.COMPONENTS,
    "CampaignCall": obj(
        {
            "campaignName": about(_name(MAX_NAME), "What agents see."),
            "skill": about(_name(MAX_NAME), "Name of the skill that replies go to."),
            "templateId": about(
                _name(MAX_HANDOFF_ID), "Id of a handoff; `handoffId` is a synonym."
            ),
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
            "schedulingMetrics": or_null(ref("SchedulingMetrics")),
            "startAt": about(or_null(TIME), "RFC 3339, at most 366 days ahead."),
        },
        optional=("schedulingMetrics", "startAt"),
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
            "startTime": _time(23),
            "endTime": about(_time(24), "24:00 at the latest."),
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
    "Campaign": obj(_CAMPAIGN),
    "HeldUp": obj(
        {
            "app": about(STRING, "Its bundle id."),
            "platform": enum(*Platform.values),
            "provider": enum(*ProviderKind.values),
            "reason": STRING,
            "explanation": STRING,
            "since": TIME,
            "nextTryAt": about(or_null(TIME), "Null where nothing is tried until somebody acts."),
        }
    ),
    "CampaignDetail": obj(
        {
            **_CAMPAIGN,
            "funnel": obj(
                dict.fromkeys(
                    ("requested", "eligible", "sent", "delivered", "opened", "replied", "closed"),
                    COUNT,
                )
            ),
            "reasons": array(
                obj(
                    {
                        "status": enum(*State.values),
                        "reason": STRING,
                        "count": COUNT,
                        "explanation": STRING,
                        "remedy": STRING,
                    }
                )
            ),
        }
    ),
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

KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$", "examples": ["8e03978e-40d5-43e8"]},
    "description": "Carries a call out once; a second one gets the first one's answer.",
}
DRY_RUN = query("dryRun", enum("true", "false"), "Store and send nothing; say what would be.")
STATUS = query("status", enum(*State.values), "Only recipients of this status.")
REASON = query("reason", STRING, "Only recipients with this reason.")
FILTERS = (
    query("status", enum(*STATUSES), "Only campaigns of this status."),
    query("handoff", {"type": "string", "maxLength": 255}, "Only of this handoff id."),
    query("skill", {"type": "string", "maxLength": 255}, "Only to this skill."),
    query("name", {"type": "string", "maxLength": 255}, "Only with this part in the name."),
    query("source", enum(*Source.values), "Only from there."),
    query("from", TIME, "Accepted from this time on; ISO 8601 or a day."),
    query("to", TIME, "Accepted before this time."),
)


def _read(**said: object) -> Operation:
    shared = {"tag": "Campaigns", "access": Access.BRAND, "scope": "campaigns:read"}
    return Operation(**{**shared, **said})  # type: ignore[arg-type]


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
    **schema_reports.OPERATIONS,
    f"POST {CAMPAIGNS}": _read(
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
    f"GET {CAMPAIGNS}": _read(
        id="listCampaigns",
        summary="List campaigns",
        description="The newest first.",
        parameters=(*FILTERS, *page_parameters(MAX_LIMIT, DEFAULT_LIMIT)),
        responses={
            200: answer(
                "A page.",
                page_of("campaigns", ref("Campaign")),
                campaigns={"campaigns": [LISTED], "limit": 50, "nextCursor": None},
            )
        },
    ),
    f"GET {ONE}": _read(
        id="getCampaign",
        summary="Read a campaign with its funnel",
        responses={200: answer("The campaign.", ref("CampaignDetail"), campaign=CAMPAIGN)},
    ),
    f"POST {ONE}/cancel": _read(
        id="cancelCampaign",
        scope="campaigns:send",
        summary="Cancel a campaign",
        description="What is not yet handed to a provider never is.",
        responses={
            200: answer(
                "The same again and again.",
                obj(
                    {
                        "proactiveCampaignId": STRING,
                        "cancelledAt": or_null(TIME),
                        "cancelled": COUNT,
                        "inFlight": COUNT,
                    }
                ),
                cancelled={
                    "proactiveCampaignId": "a9cRASfbQ",
                    "cancelledAt": "2026-11-23T19:21:56.751127Z",
                    "cancelled": 0,
                    "inFlight": 0,
                },
            )
        },
    ),
    f"GET {ONE}/recipients": _read(
        id="listRecipients",
        summary="List a campaign's recipients",
        parameters=(STATUS, REASON, *page_parameters(MAX_LIMIT, DEFAULT_LIMIT)),
        responses={
            200: answer(
                "A page.",
                page_of("recipients", ref("Recipient")),
                recipients={"recipients": [RECIPIENT], "limit": 50, "nextCursor": None},
            )
        },
    ),
    f"GET {ONE}/recipients.csv": _read(
        id="exportRecipients",
        summary="Export a campaign's recipients",
        parameters=(STATUS, REASON),
        responses={200: answer("RFC 4180, UTF-8.", STRING, media_type="text/csv")},
    ),
    f"GET {ONE}/recipients/{{messageId}}": _read(
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
    f"GET {ONE}/conversations": _read(
        id="listConversations",
        summary="List recipients in LivePerson's words",
        responses={
            200: answer("Every recipient.", ref("CampaignConversations"), statuses=STATUS_LIST)
        },
    ),
    f"POST {SDK_MESSAGE}/delivered": _receipt("Delivered", "Tell that a message was shown"),
    f"POST {SDK_MESSAGE}/opened": _receipt("Opened", "Tell that a message was opened"),
}
