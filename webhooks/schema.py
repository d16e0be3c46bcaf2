"""Webhooks, described for the OpenAPI document."""

from functools import partial

from common.openapi import (
    BOOLEAN,
    COUNT,
    PAGE,
    STRING,
    TIME,
    TIME_OR_DAY,
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
    page_answer,
    query,
    ref,
)
from webhooks.api import MAX_URL
from webhooks.events import TEST, EventType
from webhooks.models import DeliveryState

WEBHOOKS = "/api/v2/account/{accountId}/webhooks"
WEBHOOK = f"{WEBHOOKS}/{{webhookId}}"
DELIVERY = f"{WEBHOOK}/deliveries/{{eventId}}"

TYPES = array(enum(*EventType.values), minItems=1, maxItems=len(EventType.values))
URL: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_URL, "format": "uri"}
DESCRIPTION: Schema = {"type": "string", "maxLength": 255}

_WEBHOOK = {
    "id": {"type": "string", "format": "uuid"},
    "url": STRING,
    "description": STRING,
    "eventTypes": array(enum(*EventType.values)),
    "enabled": BOOLEAN,
    "disabledReason": or_null(STRING),
    "disabledAt": or_null(TIME),
    "failingSince": or_null(TIME),
    "createdAt": TIME,
}
_DELIVERY = {
    "id": about(STRING, "Of the event: `webhook-id` of the call."),
    "type": enum(*EventType.values, TEST),
    "status": enum(*DeliveryState.values),
    "attempts": COUNT,
    "createdAt": TIME,
    "lastTriedAt": or_null(TIME),
    "lastHttpStatus": or_null({"type": "integer"}),
    "lastError": or_null(STRING),
    "lastElapsedMs": or_null({"type": "integer"}),
    "nextTryAt": or_null(TIME),
    "finishedAt": or_null(TIME),
}
COMPONENTS: dict[str, Schema] = {
    "Webhook": obj(_WEBHOOK),
    "NewWebhook": obj({**_WEBHOOK, "secret": about(STRING, "Shown this once: `whsec_…`.")}),
    "WebhookDelivery": obj(_DELIVERY),
    "WebhookDeliveryDetail": obj(
        {**_DELIVERY, "payload": about({"type": "object"}, "What was sent.")}
    ),
    "RotatedSecret": obj({"secret": STRING, "previousSecretValidUntil": TIME}),
    "WebhookEvent": obj(
        {
            "type": enum(*EventType.values, TEST),
            "timestamp": TIME,
            "data": obj({"accountId": STRING}, additionalProperties=True),
        }
    ),
}

SAMPLE = {
    "id": "01a209db-8bac-7e7b-8dee-afd63530e0ab",
    "url": "https://crm.larkfield.example/hooks/proactive",
    "description": "CRM",
    "eventTypes": ["recipient.replied", "campaign.completed"],
    "enabled": True,
    "disabledReason": None,
    "disabledAt": None,
    "failingSince": None,
    "createdAt": "2026-11-23T19:21:40.118204Z",
}
EVENT = "msg_01a209db8c4d7ddf957e79b841630db5"
DELIVERED = {
    "id": EVENT,
    "type": "campaign.completed",
    "status": "delivered",
    "attempts": 1,
    "createdAt": "2026-11-23T19:21:53.160713Z",
    "lastTriedAt": "2026-11-23T19:21:53.271200Z",
    "lastHttpStatus": 204,
    "lastError": None,
    "lastElapsedMs": 41,
    "nextTryAt": None,
    "finishedAt": "2026-11-23T19:21:53.312481Z",
}
PAYLOAD = {
    "type": "campaign.completed",
    "timestamp": "2026-11-23T19:21:53.160713Z",
    "data": {"accountId": "48213907", "campaignId": "a9cRASfbQ"},
}
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


_operation = partial(Operation, tag="Webhooks", access=Access.BRAND, scope="webhooks:manage")

OPERATIONS = {
    f"GET {WEBHOOKS}": _operation(
        id="listWebhooks",
        summary="List webhooks",
        responses={200: list_answer("All of the account.", "webhooks", "Webhook", SAMPLE)},
    ),
    f"POST {WEBHOOKS}": _operation(
        id="createWebhook",
        summary="Create a webhook",
        description="Calls are signed as Standard Webhooks says; the secret is shown this once.",
        body=json_body(
            obj(
                {"url": URL, "eventTypes": TYPES, "description": or_null(DESCRIPTION)},
                optional=("description",),
            ),
            webhook={name: SAMPLE[name] for name in ("url", "eventTypes", "description")},
        ),
        responses={
            201: answer("Created.", ref("NewWebhook"), webhook={**SAMPLE, "secret": SECRET})
        },
        errors={409: "`too_many_webhooks`."},
    ),
    f"GET {WEBHOOK}": _operation(
        id="getWebhook",
        summary="Read a webhook",
        responses={200: answer("The webhook.", ref("Webhook"), webhook=SAMPLE)},
    ),
    f"PATCH {WEBHOOK}": _operation(
        id="changeWebhook",
        summary="Change a webhook, or switch it on or off",
        description="What is absent or null stays.",
        body=json_body(
            obj(
                {
                    "url": or_null(URL),
                    "eventTypes": or_null(TYPES),
                    "description": or_null(DESCRIPTION),
                    "enabled": or_null(BOOLEAN),
                },
                optional=("url", "eventTypes", "description", "enabled"),
            ),
            off={"enabled": False},
        ),
        is_body_required=False,
        responses={200: answer("The webhook.", ref("Webhook"), webhook=SAMPLE)},
    ),
    f"DELETE {WEBHOOK}": _operation(
        id="deleteWebhook",
        summary="Remove a webhook",
        responses={204: answer("Removed.")},
    ),
    f"POST {WEBHOOK}/rotate": _operation(
        id="rotateWebhookSecret",
        summary="Give a webhook a new secret",
        description="Calls are signed with both until the old one's time is over.",
        responses={
            200: answer(
                "The new secret.",
                ref("RotatedSecret"),
                secret={"secret": SECRET, "previousSecretValidUntil": "2026-11-24T19:21:40Z"},
            )
        },
    ),
    f"POST {WEBHOOK}/test": _operation(
        id="testWebhook",
        summary="Send a test event",
        responses={202: answer("It will be sent.", obj({"id": STRING}), event={"id": EVENT})},
        errors={409: "`webhook_disabled`."},
    ),
    f"GET {WEBHOOK}/deliveries": _operation(
        id="listWebhookDeliveries",
        summary="List deliveries",
        description="The newest first.",
        parameters=(
            query("status", enum(*DeliveryState.values), "Only those of this status."),
            *PAGE,
        ),
        responses={200: page_answer("deliveries", "WebhookDelivery", DELIVERED)},
    ),
    f"GET {DELIVERY}": _operation(
        id="getWebhookDelivery",
        summary="Read a delivery, with what was sent",
        responses={
            200: answer(
                "The delivery.",
                ref("WebhookDeliveryDetail"),
                delivery={**DELIVERED, "payload": PAYLOAD},
            )
        },
    ),
    f"POST {DELIVERY}/replay": _operation(
        id="replayWebhookDelivery",
        summary="Send a delivery again",
        responses={202: answer("It will be sent.", ref("WebhookDelivery"), delivery=DELIVERED)},
        errors={409: "`webhook_disabled` or `delivery_under_way`."},
    ),
    f"POST {WEBHOOK}/replay": _operation(
        id="replayWebhook",
        summary="Send again what was given up",
        parameters=(query("since", TIME_OR_DAY, "From this time on.", is_required=True),),
        responses={
            202: answer(
                "They will be sent.",
                obj({"since": TIME, "replayed": COUNT}),
                replayed={"since": "2026-11-23T00:00:00Z", "replayed": 3},
            )
        },
        errors={409: "`webhook_disabled`."},
    ),
}
