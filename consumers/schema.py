"""Devices, described for the OpenAPI document."""

from functools import partial

from accounts.models import Platform
from common.openapi import (
    BOOLEAN,
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
    json_body,
    list_answer,
    obj,
    or_null,
    ref,
)
from consumers.device_body import ENVIRONMENTS, MAX_TOKEN
from consumers.models import LogoutType
from consumers.places import COUNTRY
from consumers.sdk_versions import SDK_VERSION

DEVICES = "/api/sdk/v1/account/{accountId}/devices"
DEVICE = f"{DEVICES}/{{deviceId}}"


def _text(max_length: int) -> Schema:
    return {"type": ["string", "null"], "maxLength": max_length}


def _pattern(max_length: int, pattern: str) -> Schema:
    """Of this form, or empty."""
    return {**_text(max_length), "pattern": f"^({pattern})?$"}


def _bytes(characters: int, max_length: int) -> Schema:
    """In base64, of either alphabet, padded or not."""
    pattern = f"^[A-Za-z0-9+/_-]{{{characters}}}=*$"
    return {"type": "string", "pattern": pattern, "maxLength": max_length}


_PHONES = [platform for platform in Platform.values if platform != Platform.WEB]
_PRESENT: Schema = {"type": "string", "minLength": 1}
_FACTS: dict[str, Schema] = {
    "token": about(_text(MAX_TOKEN), "Of the push service."),
    "subscription": about(or_null(ref("Subscription")), "Of `web` alone, instead of a token."),
    "sdkVersion": about(
        _pattern(20, SDK_VERSION.pattern), "As `6.2` or `5.23.1`; required but for `web`."
    ),
    "environment": or_null(enum("", *ENVIRONMENTS)),
    "androidX": or_null(BOOLEAN),
    "osVersion": _text(50),
    "model": _text(100),
    "locale": _text(35),
    "timeZone": about(_text(64), "An IANA name."),
    "country": about(_pattern(2, COUNTRY.pattern), "Two letters (ISO 3166)."),
    "city": _text(100),
}
COMPONENTS: dict[str, Schema] = {
    "Subscription": obj(
        {
            "endpoint": {"type": "string", "maxLength": MAX_TOKEN, "pattern": "^https://"},
            "keys": obj(
                {
                    "p256dh": about(_bytes(87, 200), "A P-256 public key in base64url."),
                    "auth": about(_bytes(22, 100), "16 bytes in base64url."),
                }
            ),
        },
        description="What a browser's push service gave it.",
    ),
    "NewDevice": obj(
        {
            "platform": enum(*Platform.values),
            "appName": {"type": "string", "minLength": 1, "maxLength": 155},
            **_FACTS,
        },
        optional=tuple(_FACTS),
        anyOf=[
            {
                "description": "A phone.",
                "properties": {
                    "platform": enum(*_PHONES),
                    "token": _PRESENT,
                    "subscription": {"type": "null"},
                    "sdkVersion": _PRESENT,
                },
                "required": ["token", "sdkVersion"],
            },
            {
                "description": "A browser with its subscription.",
                "properties": {
                    "platform": enum(Platform.WEB.value),
                    "token": {"enum": ["", None]},
                    "subscription": ref("Subscription"),
                },
                "required": ["subscription"],
            },
            {
                "description": "A browser with a token, for a push proxy.",
                "properties": {
                    "platform": enum(Platform.WEB.value),
                    "token": _PRESENT,
                    "subscription": {"type": "null"},
                },
                "required": ["token"],
            },
        ],
    ),
    "Device": obj(
        {
            "id": UUID,
            "appName": STRING,
            "platform": enum(*Platform.values),
            "tokenSha256": STRING,
            "environment": STRING,
            "sdkVersion": STRING,
            "androidX": BOOLEAN,
            "osVersion": STRING,
            "model": STRING,
            "locale": STRING,
            "timeZone": STRING,
            "country": STRING,
            "city": STRING,
            "loggedIn": BOOLEAN,
            "unregisterType": or_null(enum(*LogoutType.values)),
            "registeredAt": TIME,
            "lastSeenAt": TIME,
            "warnings": array(ref("Warning")),
        },
        optional=("warnings",),
    ),
}

SAMPLE = {
    "id": "01a209db-8bac-7e7b-8dee-afd63530e0ab",
    "appName": "com.larkfield.app",
    "platform": "ios",
    "tokenSha256": "3a927d55a7af7fc586300aa67ae47c152090731a124f6d28e33044e90eca3d4e",
    "environment": "",
    "sdkVersion": "6.24",
    "androidX": False,
    "osVersion": "19.1",
    "model": "iPhone 17",
    "locale": "sv-SE",
    "timeZone": "Europe/Stockholm",
    "country": "SE",
    "city": "Växjö",
    "loggedIn": True,
    "unregisterType": None,
    "registeredAt": "2026-11-23T19:21:52.805165Z",
    "lastSeenAt": "2026-11-23T19:21:52.805165Z",
}
_SAID = ("platform", "appName", "sdkVersion", "osVersion", "model", "locale", "timeZone", "country")


_operation = partial(Operation, tag="SDK: devices", access=Access.CONSUMER)

OPERATIONS = {
    f"GET {DEVICES}": _operation(
        id="listDevices",
        summary="List the consumer's devices",
        responses={200: list_answer("The devices.", "devices", "Device", SAMPLE)},
    ),
    f"POST {DEVICES}": _operation(
        id="registerDevice",
        summary="Register a device",
        description="Logs the consumer in on it. Said twice it is the same device.",
        body=json_body(
            ref("NewDevice"),
            device={name: SAMPLE[name] for name in _SAID} | {"token": "lab-phone-of-ingrid-2"},
        ),
        responses={200: answer("The device.", ref("Device"), device=SAMPLE)},
        errors={409: "The present state does not allow it."},
    ),
    f"PATCH {DEVICE}": _operation(
        id="refreshDevice",
        summary="Bring a device up to date",
        description="Without a login: a new token, or any of the facts. What is absent stays.",
        body=json_body(obj(_FACTS, optional=tuple(_FACTS)), token={"token": "lab-phone-3"}),
        is_body_required=False,
        responses={200: answer("The device.", ref("Device"), device=SAMPLE)},
        errors={409: "The present state does not allow it."},
    ),
    f"DELETE {DEVICE}": _operation(
        id="removeDevice",
        summary="Take a device out of the registry",
        responses={204: answer("Removed.")},
    ),
    f"POST {DEVICE}/logout": _operation(
        id="logOutDevice",
        summary="Log the consumer out on a device",
        description="`ALL`: nothing is pushed any more; `AGENT`: campaigns alone; `NONE`: all is.",
        body=json_body(
            obj(
                {"unregisterType": or_null(enum("", *LogoutType.values))},
                optional=("unregisterType",),
            ),
            agent={"unregisterType": "AGENT"},
        ),
        is_body_required=False,
        responses={
            200: answer(
                "The device.",
                ref("Device"),
                device={**SAMPLE, "loggedIn": False, "unregisterType": "AGENT"},
            )
        },
    ),
}
