"""LivePerson's reports, described for the OpenAPI document."""

from functools import partial
from typing import Any

from campaigns.api.reports import MAX_FILTER, SOURCES
from campaigns.api.transactions import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from campaigns.reasons import JOURNEY
from campaigns.schema_samples import ANALYTICS, INTERVAL, REPORT, TRANSACTION
from common.openapi import (
    COUNT,
    STRING,
    TIME,
    UUID,
    Access,
    Operation,
    Schema,
    answer,
    array,
    enum,
    json_body,
    obj,
    or_null,
    query,
    ref,
    whole,
)
from common.query import MAX_MILLISECONDS

APP = "/api/account/{accountId}/app/{app}"
REPORT_PATH = f"{APP}/campaigns/{{campaignId}}"

MILLISECONDS: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_MILLISECONDS}
_TIMES = (
    query("attemptedStartTime", MILLISECONDS, "Milliseconds since 1970.", is_required=True),
    query("attemptedEndTime", MILLISECONDS, "Milliseconds since 1970.", is_required=True),
)
_NAMES = or_null(array(STRING, maxItems=MAX_FILTER))
_FILTERS: dict[str, Schema] = {
    "channels": _NAMES,
    "skills": _NAMES,
    "handoffids": _NAMES,
    "source": or_null(array(enum(*SOURCES), maxItems=MAX_FILTER)),
}
# From 1 to 5000, in six digits at most.
_LIMIT_DIGITS = "0{0,2}(0{0,3}[1-9]|0{0,2}[1-9][0-9]|0?[1-9][0-9]{2}|[1-4][0-9]{3}|5000)"
_NULLABLE_TEXTS = ("conversationId", "errorMessage", "errorSource")


def _schema_of(name: str) -> Schema:
    """Of a field of a transaction, whose names tell what they hold."""
    if name.endswith("Time"):
        return TIME if name == "attemptedTime" else or_null(TIME)
    if name == "errorCode":
        return or_null({"type": "integer"})
    return or_null(STRING) if name in _NULLABLE_TEXTS else STRING


COMPONENTS: dict[str, Schema] = {
    "ReportInterval": obj(
        {
            "accountId": STRING,
            "app": STRING,
            "attemptedStartTime": MILLISECONDS,
            "attemptedEndTime": MILLISECONDS,
        }
    ),
    "ReportedCampaign": obj({"accountId": STRING, "app": STRING, "proactiveCampaignId": STRING}),
    "AnalyticsFilter": {
        "anyOf": [
            obj({**_FILTERS, "filters": {"type": "null"}}, optional=(*_FILTERS, "filters")),
            obj({"filters": obj(_FILTERS, optional=tuple(_FILTERS))}),
        ],
        "description": "An empty list filters nothing. With `filters`, only what is in it counts.",
    },
    "AnalyticsRow": obj(
        {
            "channel": STRING,
            "skill": STRING,
            "transactionday": {"type": "string", "pattern": r"^\d\d-\d\d-\d{4}$"},
            **dict.fromkeys(
                (
                    "attempted",
                    "eligible",
                    "skipped",
                    "sent",
                    "failed",
                    "delivered",
                    "read",
                    "conversationscreated",
                    "conversationsclosed",
                ),
                COUNT,
            ),
            "csat": {"type": "null"},
            "error_aggregation": {"type": "object", "additionalProperties": COUNT},
            "handoffid": STRING,
            "source": enum(*SOURCES),
        },
        optional=("handoffid", "source"),
    ),
    "CampaignReport": obj(
        {
            "requestMetadata": ref("ReportedCampaign"),
            "page": obj(
                {
                    "count": COUNT,
                    **dict.fromkeys(
                        ("previousOffset", "currentOffset", "nextOffset"), {"type": "integer"}
                    ),
                }
            ),
            "consumersReport": array(
                obj(
                    {
                        "id": UUID,
                        "errorCode": or_null({"type": "integer"}),
                        "errorMessage": or_null(STRING),
                        "errorSource": or_null(STRING),
                        "status": enum(*JOURNEY),
                        "consumerId": STRING,
                        "conversationId": or_null(UUID),
                    }
                )
            ),
        }
    ),
    "TransactionQuery": obj(
        {
            "offset": or_null(whole(0, MAX_OFFSET, digits="[0-9]{1,6}")),
            "limit": {
                **or_null(whole(1, MAX_LIMIT, digits=_LIMIT_DIGITS)),
                "default": DEFAULT_LIMIT,
            },
            "filters": or_null(
                obj(
                    {
                        "channels": _NAMES,
                        "skills": _NAMES,
                        "messagestatus": or_null(array(enum(*JOURNEY), maxItems=len(JOURNEY))),
                        "transactionids": or_null(array(STRING, maxItems=MAX_LIMIT)),
                    },
                    optional=("channels", "skills", "messagestatus", "transactionids"),
                )
            ),
        },
        optional=("offset", "limit", "filters"),
    ),
    "Transaction": obj({name: _schema_of(name) for name in TRANSACTION}),
}


_report = partial(Operation, tag="Reports", access=Access.BRAND, scope="reports:read")


def _analytics(metadata: str, sample: dict[str, Any]) -> Schema:
    return answer(
        "A row for each channel, skill and day.",
        obj({"requestMetadata": ref(metadata), "analytics": array(ref("AnalyticsRow"))}),
        analytics={"requestMetadata": sample, "analytics": [ANALYTICS]},
    )


OPERATIONS = {
    f"GET {APP}/analytics": _report(
        id="getAnalytics",
        summary="Count by channel, skill and day",
        description="Over 60 days at most.",
        parameters=_TIMES,
        responses={200: _analytics("ReportInterval", INTERVAL)},
    ),
    f"POST {APP}/analytics": _report(
        id="filterAnalytics",
        summary="Count by channel, skill and day, filtered",
        parameters=_TIMES,
        body=json_body(ref("AnalyticsFilter"), inapp={"channels": ["inapp"], "source": ["API"]}),
        is_body_required=False,
        responses={200: _analytics("ReportInterval", INTERVAL)},
    ),
    f"POST {APP}/transactions": _report(
        id="listTransactions",
        summary="Tell every message with its times",
        description="Of 24 hours at most, the oldest first.",
        parameters=(*_TIMES, query("v", enum("2.0", "2"), "The version that is served.")),
        body=json_body(
            ref("TransactionQuery"),
            failed={"offset": 0, "limit": 1000, "filters": {"messagestatus": ["FAILED", "READ"]}},
        ),
        is_body_required=False,
        responses={
            200: answer(
                "A page.",
                obj(
                    {
                        "requestMetadata": ref("ReportInterval"),
                        "page": obj({"count": COUNT, "offset": COUNT, "limit": COUNT}),
                        "transactions": array(ref("Transaction")),
                    }
                ),
                transactions={
                    "requestMetadata": INTERVAL,
                    "page": {"count": 1, "offset": 0, "limit": 1000},
                    "transactions": [TRANSACTION],
                },
            )
        },
    ),
    f"GET {REPORT_PATH}": _report(
        id="getCampaignReport",
        summary="Tell every recipient's end",
        responses={200: answer("On one page.", ref("CampaignReport"), report=REPORT)},
    ),
    f"GET {REPORT_PATH}/analytics": _report(
        id="getCampaignAnalytics",
        summary="Count one campaign",
        responses={200: _analytics("ReportedCampaign", REPORT["requestMetadata"])},
    ),
}
