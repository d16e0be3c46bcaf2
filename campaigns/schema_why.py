"""Why a device gets nothing, described for the OpenAPI document."""

from campaigns.models import State
from campaigns.selectors import OUTCOME_SENTENCES
from common.openapi import (
    BOOLEAN,
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
    ref,
)
from consumers.schema import SAMPLE
from push.models import ProviderKind

_CHECKS = (
    *("registered", "opted_in", "signed_in", "credential", "no_conversation", "sdk_version"),
    *("login", "provider"),
)
COMPONENTS: dict[str, Schema] = {
    "DeviceCheck": obj(
        {
            "check": enum(*_CHECKS),
            "ok": BOOLEAN,
            "reason": about(or_null(STRING), "A stable word; null where all is well."),
            "sentence": about(STRING, "Where it is not well, it says what helps."),
        }
    ),
    "LatestMessage": obj(
        {
            "messageId": STRING,
            "state": enum(*State.values),
            "reason": or_null(STRING),
            "sentence": or_null(STRING),
            "acceptedAt": TIME,
            "deliveredAt": or_null(TIME),
            "openedAt": or_null(TIME),
            "push": or_null(
                obj(
                    {
                        "at": TIME,
                        "provider": enum(*ProviderKind.values),
                        "outcome": enum(*OUTCOME_SENTENCES),
                        "reason": or_null(STRING),
                        "sentence": STRING,
                    },
                    description="The last one to this device.",
                )
            ),
        }
    ),
}
# Older than the app takes.
_DEVICE = SAMPLE | {"sdkVersion": "6.1"}
_SAMPLE = {
    "device": _DEVICE,
    "reachable": False,
    "checks": [
        {
            "check": "registered",
            "ok": True,
            "reason": None,
            "sentence": "The device is in the registry.",
        },
        {
            "check": "sdk_version",
            "ok": False,
            "reason": "sdk_too_old",
            "sentence": (
                "sdkVersion 6.1 is older than 6.2, the oldest that is pushed to. Ship a newer "
                "SDK, and register again."
            ),
        },
    ],
    "messages": [
        {
            "messageId": "01a209db8c4d7ddf957e79b841630db5",
            "state": "suppressed",
            "reason": "sdk_too_old",
            "sentence": "The app on their device is too old to show messages.",
            "acceptedAt": "2026-11-23T19:21:52.966433Z",
            "deliveredAt": None,
            "openedAt": None,
            "push": None,
        }
    ],
}
OPERATIONS = {
    "GET /api/sdk/v1/account/{accountId}/devices/{deviceId}/why": Operation(
        id="explainDevice",
        tag="SDK: devices",
        summary="Say why a device gets nothing",
        description=(
            "The rules of delivery, each asked by itself, and the newest messages to the consumer."
        ),
        access=Access.CONSUMER,
        responses={
            200: answer(
                "For the app's developer.",
                obj(
                    {
                        "device": ref("Device"),
                        "reachable": BOOLEAN,
                        "checks": array(ref("DeviceCheck")),
                        "messages": array(ref("LatestMessage")),
                    }
                ),
                too_old=_SAMPLE,
            )
        },
    ),
}
