"""A brand with something behind every path, and the document bound to it."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import ApiClient
from common.openapi import Schema, or_null
from proactive_site.openapi import generate
from tests.consumers import tokens
from tests.factories.accounts import ApiClientFactory, bearer
from tests.factories.consumers import IdentityProviderFactory
from tests.factories.lab import LabBrand, lab_brand
from tests.factories.webhooks import WebhookEndpointFactory
from webhooks.services import send_test_event

CONSUMER = "ingrid"
SDK = "/api/sdk/v1/account/{accountId}"
SENTINEL = "/sentinel/api/account/{accountId}/app/token"

# What no schema can say: statuses that good data may be answered with, and why.
PATIENCE = {
    # Two times that are good alone may be too far apart, or the wrong way round.
    "/api/account/{accountId}/app/{app}/analytics": ["400"],
    "/api/account/{accountId}/app/{app}/transactions": ["400"],
    "/api/account/{accountId}/app/{app}/campaigns/{campaignId}/analytics": ["400"],
    # A name may be empty to the eye, a window end before it starts; a key may have been sent
    # before with another body.
    "/api/v2/account/{accountId}/campaign": ["400", "422"],
    # Which fields a platform needs, what is a key or a time zone.
    "/api/sdk/v1/account/{accountId}/devices": ["400"],
    "/api/sdk/v1/account/{accountId}/devices/{deviceId}": ["400"],
    # A text may be empty to the eye.
    "/api/sdk/v1/account/{accountId}/replies": ["400"],
    # A port may be closed, a host a private one.
    "/api/v2/account/{accountId}/webhooks": ["400"],
    "/api/v2/account/{accountId}/webhooks/{webhookId}": ["400"],
}
# A body may be refused before it is read: without its length, or for its size.
REFUSALS = ["400", "401", "403", "404", "405", "406", "409", "411", "413", "415", "422", "429"]
USUAL = ["2xx", "3xx", "401", "403", "404", "409", "429", "5xx"]


@dataclass(frozen=True)
class World:
    brand: LabBrand
    client: ApiClient
    # Parameter or field name -> what exists.
    known: dict[str, str]
    brand_token: str
    consumer_token: str

    def config(self) -> str:
        """schemathesis.toml: who calls."""
        return "\n".join(
            [
                # P5 refuses U+0000 anywhere in a body, which no schema of unknown fields can say;
                # tests/test_hostile_bodies.py sends it.
                "[generation]",
                "allow-x00 = false",
                *self._bearer("brandToken", self.brand_token),
                *self._bearer("consumerToken", self.consumer_token),
                "[auth.openapi.clientBasic]",
                f'username = "{self.client.client_id}"',
                f'password = "{self.client.secret}"',
                "[checks.negative_data_rejection]",
                f"expected-statuses = {json.dumps(REFUSALS)}",
                *(line for path in PATIENCE for line in _patience(path)),
            ]
        )

    def _bearer(self, scheme: str, token: str) -> list[str]:
        return [f"[auth.openapi.{scheme}]", f'bearer = "{token}"']


def _patience(path: str) -> list[str]:
    expected = json.dumps([*USUAL, *PATIENCE[path]])
    return [
        "[[operations]]",
        f'include-path = "{path}"',
        f"checks.positive_data_acceptance.expected-statuses = {expected}",
    ]


def make_world() -> World:
    brand = lab_brand(requests_per_second=1_000_000, daily_recipients=100_000_000)
    device = brand.phone(CONSUMER)
    IdentityProviderFactory(
        account=brand.account, issuer=tokens.ISSUER, public_key=tokens.pem(tokens.rsa_key())
    )
    created = brand.send({CONSUMER: "Hello"})
    webhook = WebhookEndpointFactory(account=brand.account)
    delivery = send_test_event(endpoint=webhook, now=timezone.now())
    client = ApiClientFactory(
        account=brand.account, scopes=list(settings.OAUTH2_PROVIDER["SCOPES"])
    )
    known = {
        "accountId": str(brand.account.number),
        "campaignId": created.campaign.public_id,
        "messageId": str(created.accepted[0].public_id),
        "deviceId": str(device.public_id),
        "webhookId": str(webhook.public_id),
        "eventId": delivery.event.public_id,
        "skill": brand.billing.name,
        "templateId": brand.handoff.public_id,
        "appName": brand.app.bundle_id,
    }
    return World(
        brand=brand,
        client=client,
        known=known,
        brand_token=bearer(client)["authorization"].removeprefix("Bearer "),
        consumer_token=tokens.sign(tokens.claims(sub=CONSUMER)),
    )


def bound_document(world: World) -> dict[str, Any]:
    """The document, with what only the database can know: which ids and names exist."""
    document = json.loads(json.dumps(generate()))
    client = {
        "client_id": _only(world.client.client_id),
        "client_secret": _only(world.client.secret),
    }
    known = {name: _only(value) for name, value in world.known.items()}
    for methods in document["paths"].values():
        for operation in methods.values():
            _bind(operation, known | client)
    schemas = document["components"]["schemas"]
    call = schemas["CampaignCall"]["properties"]
    call["skill"] = _only(world.known["skill"])
    call["templateId"] = _only(world.known["templateId"])
    call["consumers"]["maxItems"] = 100
    soon = (timezone.now() + timedelta(hours=1)).isoformat(timespec="seconds")
    call["startAt"] = {"type": ["string", "null"], "format": "date-time", "enum": [soon, None]}
    _bind_body(document, f"{SDK}/devices", appName=_only(world.known["appName"]))
    _bind_body(document, f"{SDK}/replies", messageId=or_null(_only(world.known["messageId"])))
    for path in TOKEN_PATHS:
        _bind_body(document, path, **client)
    return document


TOKEN_PATHS = ("/oauth/token", "/oauth/revoke_token", SENTINEL)


def _only(value: str) -> dict[str, Any]:
    return {"type": "string", "enum": [value]}


def _bind(operation: dict[str, Any], known: dict[str, Schema]) -> None:
    operation["security"] = [one for one in operation["security"] if "clientCredentials" not in one]
    for parameter in operation["parameters"]:
        is_id = parameter["in"] == "path" or parameter["name"].startswith("client_")
        if is_id and parameter["name"] in known:
            parameter["schema"] = known[parameter["name"]]


def _bind_body(document: dict[str, Any], path: str, **known: Schema) -> None:
    """These fields have these values; the samples name others."""
    for content in document["paths"][path]["post"]["requestBody"]["content"].values():
        content.pop("examples", None)
        for name, value in known.items():
            content["schema"]["properties"][name] = value
