"""Campaigns, described for the OpenAPI document."""

from accounts.models import Platform
from campaigns.listing import STATUSES
from campaigns.models import State
from campaigns.schema_calls import CAMPAIGNS, operation
from campaigns.schema_samples import CAMPAIGN, LISTED
from common.openapi import (
    COUNT,
    PAGE,
    STORABLE,
    STRING,
    TIME,
    TIME_OR_DAY,
    UUID,
    Schema,
    about,
    answer,
    array,
    enum,
    obj,
    or_null,
    page_answer,
    query,
    ref,
)
from conversations.models import Source
from push.models import ProviderKind

ONE = f"{CAMPAIGNS}/{{campaignId}}"

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
COMPONENTS: dict[str, Schema] = {
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
}

_TEXT: Schema = {"type": "string", "maxLength": 255, "pattern": STORABLE}
FILTERS = (
    query("status", enum(*STATUSES), "Only campaigns of this status."),
    query("handoff", _TEXT, "Only of this handoff id."),
    query("skill", _TEXT, "Only to this skill."),
    query("name", _TEXT, "Only with this part in the name."),
    query("source", enum(*Source.values), "Only from there."),
    query("from", TIME_OR_DAY, "Accepted from this time on."),
    query("to", TIME_OR_DAY, "Accepted before this time."),
)

OPERATIONS = {
    f"GET {CAMPAIGNS}": operation(
        id="listCampaigns",
        summary="List campaigns",
        description="The newest first.",
        parameters=(*FILTERS, *PAGE),
        responses={200: page_answer("campaigns", "Campaign", LISTED)},
    ),
    f"GET {ONE}": operation(
        id="getCampaign",
        summary="Read a campaign with its funnel",
        responses={200: answer("The campaign.", ref("CampaignDetail"), campaign=CAMPAIGN)},
    ),
    f"POST {ONE}/cancel": operation(
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
}
