"""The list of handoffs, described for the OpenAPI document."""

from functools import partial

from common.openapi import (
    BOOLEAN,
    STRING,
    TIME,
    Access,
    Operation,
    Schema,
    answer,
    array,
    enum,
    limit_parameter,
    obj,
    query,
    ref,
)
from handoffs.api import CHANNELS, DEFAULT_LIMIT, MAX_LIMIT

LIST = "/api/account/{accountId}/app/prmsg/handoffs/list"
WHOLE: Schema = {"type": "integer", "minimum": 0}

COMPONENTS: dict[str, Schema] = {
    "Handoff": obj(
        {
            "id": STRING,
            "name": STRING,
            "lookbackPeriodDay": WHOLE,
            "lookbackPeriodHour": WHOLE,
            "routeAllWithinLookback": BOOLEAN,
            "isActive": BOOLEAN,
            "createdAt": TIME,
            "updatedAt": TIME,
            "channels": array(ref("HandoffChannel")),
        }
    ),
    "HandoffChannel": obj(
        {
            "type": enum(*CHANNELS),
            "language": STRING,
            "appNames": array(STRING),
            "messageComponents": array(ref("MessageComponent")),
        },
        optional=("appNames",),
    ),
    "MessageComponent": obj(
        {
            "type": enum("text", "body"),
            "messageText": STRING,
            "notificationTitle": STRING,
            "notificationMessage": STRING,
            "isSameMessageForNotification": BOOLEAN,
            "content": STRING,
            "variables": array(STRING),
        },
        optional=(
            "messageText",
            "notificationTitle",
            "notificationMessage",
            "isSameMessageForNotification",
            "content",
        ),
    ),
}

SAMPLE = {
    "id": "H1234567890",
    "name": "New card",
    "lookbackPeriodDay": 30,
    "lookbackPeriodHour": 0,
    "routeAllWithinLookback": False,
    "isActive": True,
    "createdAt": "2026-11-23T19:21:40.118204Z",
    "updatedAt": "2026-11-23T19:21:40.118204Z",
    "channels": [
        {
            "type": "inapp",
            "appNames": ["com.larkfield.app"],
            "language": "en",
            "messageComponents": [
                {
                    "type": "text",
                    "messageText": "${{3}}",
                    "notificationTitle": "we ${{1}}",
                    "notificationMessage": "wsdc ${{2}}",
                    "isSameMessageForNotification": True,
                    "variables": ["1", "2", "3"],
                }
            ],
        }
    ],
}
PARAMETERS = (
    query("v", enum("1", "1.0"), "The version that is served."),
    limit_parameter(MAX_LIMIT, DEFAULT_LIMIT, "Handoffs of a page."),
    query(
        "offset",
        {"type": "integer", "minimum": 0, "maximum": 10**9, "default": 0},
        "Handoffs to leave out.",
    ),
)

_list = partial(
    Operation,
    tag="Handoffs",
    access=Access.BRAND,
    scope="handoffs:read",
    parameters=PARAMETERS,
    responses={200: answer("The handoffs.", array(ref("Handoff")), handoffs=[SAMPLE])},
)

OPERATIONS = {
    f"GET {LIST}": _list(
        id="listHandoffs",
        summary="List handoffs",
        description="Those that are not archived, the oldest first.",
    ),
    f"GET {LIST}/channel/{{channel}}": _list(
        id="listHandoffsOfChannel", summary="List the handoffs of a channel"
    ),
}
