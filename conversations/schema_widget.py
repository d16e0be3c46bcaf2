"""The agent widget's calls, described for the OpenAPI document."""

from functools import partial

from common.openapi import (
    STORABLE,
    STRING,
    TIME,
    Access,
    Operation,
    Schema,
    about,
    answer,
    array,
    json_body,
    obj,
    query,
    ref,
)
from conversations.schema_brand import INFO, READ

WIDGET = "/api/cx-widget/account/{accountId}"
UNTIL = "2026-11-23T19:22:56.303915Z"
CODE = "q3vJ8mC0eXn0bT5rYw2zKd7uLh1sPa9fGiNoEcVtRxQ"

COMPONENTS: dict[str, Schema] = {}
_operation = partial(Operation, tag="Agent widget")
OPERATIONS = {
    "POST /api/v2/account/{accountId}/widget/codes": _operation(
        id="createWidgetCode",
        access=Access.BRAND,
        scope=READ,
        summary="Let an agent widget in: a code that is good once, for one minute",
        responses={
            201: answer(
                "Put it behind the # of the widget's link: `#code=…`.",
                obj({"code": STRING, "expiresAt": TIME}),
                code={"code": CODE, "expiresAt": UNTIL},
            )
        },
    ),
    f"POST {WIDGET}/token": _operation(
        id="redeemWidgetCode",
        access=Access.OPEN,
        summary="A code for a token that is good for an hour, as the widget's frame does",
        body=json_body(
            obj({"code": {"type": "string", "minLength": 1, "maxLength": 1024}}),
            code={"code": CODE},
        ),
        responses={
            200: answer(
                "Kept in memory only.",
                obj({"token": STRING, "expiresAt": TIME}),
                token={"token": "eyJhY2NvdW50Ijo0ODIxMzkwN30:J0x5", "expiresAt": UNTIL},
            )
        },
        errors={409: "`widget_code_refused`: used, too old, or none."},
    ),
    f"GET {WIDGET}/messages": _operation(
        id="listWidgetMessages",
        access=Access.WIDGET,
        summary="What a consumer was sent: at most five, of the last 30 days, newest first",
        parameters=(
            query(
                "consumerId",
                {"type": "string", "minLength": 1, "maxLength": 255, "pattern": STORABLE},
                "`sub` of the brand's JWT.",
                is_required=True,
            ),
        ),
        responses={
            200: answer(
                "An unknown consumer was sent nothing.",
                obj({"messages": about(array(ref("CampaignInfo"), maxItems=5), "Newest first.")}),
                messages={"messages": INFO["campaigns"]},
            )
        },
    ),
}
