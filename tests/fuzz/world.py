"""A brand with something behind every path, and the document bound to it."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import ApiClient
from proactive_site.openapi import generate
from tests.consumers import tokens
from tests.factories.accounts import ApiClientFactory, bearer
from tests.factories.consumers import IdentityProviderFactory
from tests.factories.lab import LabBrand, lab_brand
from tests.factories.webhooks import WebhookEndpointFactory
from webhooks.services import send_test_event

CONSUMER = "ingrid"


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
                *self._bearer("brandToken", self.brand_token),
                *self._bearer("consumerToken", self.consumer_token),
                "[auth.openapi.clientBasic]",
                f'username = "{self.client.client_id}"',
                f'password = "{self.client.secret}"',
            ]
        )

    def _bearer(self, scheme: str, token: str) -> list[str]:
        return [f"[auth.openapi.{scheme}]", f'bearer = "{token}"']


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
    for methods in document["paths"].values():
        for operation in methods.values():
            _bind(operation, world)
    schemas = document["components"]["schemas"]
    call = schemas["CampaignCall"]["properties"]
    call["skill"] = {"type": "string", "enum": [world.known["skill"]]}
    call["templateId"] = {"type": "string", "enum": [world.known["templateId"]]}
    call["consumers"]["maxItems"] = 100
    soon = (timezone.now() + timedelta(hours=1)).isoformat(timespec="seconds")
    call["startAt"] = {"type": "string", "format": "date-time", "enum": [soon]}
    return document


def _bind(operation: dict[str, Any], world: World) -> None:
    operation["security"] = [one for one in operation["security"] if "clientCredentials" not in one]
    for parameter in operation["parameters"]:
        if parameter["in"] == "path" and parameter["name"] in world.known:
            parameter["schema"] = {"type": "string", "enum": [world.known[parameter["name"]]]}
