"""Reachability, described for the OpenAPI document."""

from campaigns.reachability import REASONS
from common.openapi import (
    COUNT,
    STRING,
    TIME,
    Access,
    Operation,
    Schema,
    about,
    answer,
    array,
    enum,
    obj,
    or_null,
    query,
    ref,
)

COMPONENTS: dict[str, Schema] = {
    "Reachability": obj(
        {
            "appName": STRING,
            "handoff": or_null(obj({"id": STRING, "title": STRING})),
            "asOf": about(TIME, "When it was counted: within the last minute."),
            "known": about(COUNT, "Consumers whom the account knows."),
            "reachable": COUNT,
            "unseen": about(COUNT, "Reachable, but by devices not seen for 30 days."),
            "unreached": array(
                obj(
                    {
                        "reason": enum(*REASONS),
                        "count": COUNT,
                        "explanation": STRING,
                        "remedy": STRING,
                    }
                )
            ),
        }
    )
}
_SAMPLE = {
    "appName": "com.larkfield.app",
    "handoff": None,
    "asOf": "2026-11-23T19:21:56.751127Z",
    "known": 1200,
    "reachable": 1130,
    "unseen": 85,
    "unreached": [
        {
            "reason": "opted_out",
            "count": 70,
            "explanation": "The person does not want messages from you.",
            "remedy": "Only the person can change this, by opting in.",
        }
    ],
}
OPERATIONS = {
    "GET /api/v2/account/{accountId}/apps/{appName}/reachability": Operation(
        id="getReachability",
        tag="Apps",
        access=Access.BRAND,
        scope="reports:read",
        summary="Count whom an app reaches now, and why not the rest",
        parameters=(
            query(
                "handoff",
                {"type": "string", "maxLength": 255},
                "By the switches of this handoff of the app; else as if it always pushed.",
            ),
        ),
        responses={200: answer("The figures.", ref("Reachability"), reachability=_SAMPLE)},
    )
}
