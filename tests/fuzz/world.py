"""A brand with something behind every path, and who calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import ApiClient, Platform, Role
from conversations.models import Message
from conversations.services import receive_message
from conversations.widget_access import issue_code, redeem_code
from deflection.services import Caller, check_eligibility
from push.vapid_keys import make_vapid_keys
from tests.consumers import tokens
from tests.factories.accounts import ApiClientFactory, AppFactory, bearer, member
from tests.factories.consumers import DeviceFactory, IdentityProviderFactory
from tests.factories.handoffs import HandoffFactory
from tests.factories.lab import LabBrand, lab_brand
from tests.factories.webhooks import WebhookEndpointFactory
from webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from webhooks.services import send_test_event

CONSUMER = "ingrid"
# A name in the document -> values that are good, of those that no schema can tell.
Known = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class World:
    client: ApiClient
    brand_token: str
    consumer_token: str
    widget_token: str
    parameters: Known
    fields: Known
    # By operationId: what an operation has to itself, as it changes or removes it.
    own: Mapping[str, Known]


def make_world() -> World:
    brand = lab_brand(requests_per_second=1_000_000, daily_recipients=100_000_000)
    brand.app.platforms = Platform.values
    brand.app.save(update_fields=["platforms"])
    IdentityProviderFactory(
        account=brand.account, issuer=tokens.ISSUER, public_key=tokens.pem(tokens.rsa_key())
    )
    client = ApiClientFactory(
        account=brand.account, scopes=list(settings.OAUTH2_PROVIDER["SCOPES"])
    )
    credentials = {"client_id": [client.client_id], "client_secret": [client.secret]}
    phone = brand.phone(CONSUMER)
    sent = brand.send({CONSUMER: "Hello"})
    message = str(sent.accepted[0].public_id)
    conversation = _conversation(brand, CONSUMER)
    said = str(Message.objects.get(conversation__public_id=conversation).public_id)
    return World(
        client=client,
        brand_token=bearer(client)["authorization"].removeprefix("Bearer "),
        consumer_token=tokens.sign(tokens.claims(sub=CONSUMER)),
        widget_token=_widget_token(brand),
        parameters={
            **credentials,
            **_day(),
            **_webhook(brand),
            "accountId": [str(brand.account.number)],
            "campaignId": [sent.campaign.public_id],
            "messageId": [message],
            "conversationId": [conversation],
            "after": [said],
            "Last-Event-ID": [said],
            "deviceId": [str(phone.public_id)],
        },
        fields={**credentials, **_fields(brand), "messageId": [message, "", None]},
        own={
            **_deflection(brand),
            "readEvents": {"after": [said, message]},
            "tellRead": {"messageId": [said]},
            "getPushKey": {"appName": [_web_app(brand)]},
            "getReachability": {
                "appName": [brand.app.bundle_id],
                "handoff": [brand.handoff.public_id],
            },
            # One is closed, handed on and taken on; each on its own.
            **{
                name: {"conversationId": [_conversation(brand, name)]}
                for name in ("closeConversation", "transferConversation", "acceptConversation")
            },
            # Each is good once: what comes with one again is a conflict.
            "redeemWidgetCode": {"code": [_widget_code(brand) for _ in range(20)]},
            "removeDevice": _id("device", DeviceFactory(consumer=phone.consumer, app=brand.app)),
            **{
                name: _id("webhook", WebhookEndpointFactory(account=brand.account))
                for name in ("changeWebhook", "deleteWebhook", "replayWebhook")
            },
        },
    )


def _web_app(brand: LabBrand) -> str:
    app = AppFactory(account=brand.account, platforms=[Platform.WEB])
    make_vapid_keys(app=app, contact="mailto:push@brand.example", by="tests")
    return str(app.bundle_id)


def _widget_code(brand: LabBrand) -> str:
    """Not as soon too old as those of the product: a run takes longer than a minute."""
    agent = member(Role.AGENT, brand.account)
    later = timezone.now() + timedelta(hours=1)
    return issue_code(account=brand.account, user=agent, now=later).code


def _widget_token(brand: LabBrand) -> str:
    code = _widget_code(brand)
    return redeem_code(account=brand.account, code=code, now=timezone.now()).token


def _conversation(brand: LabBrand, ref: str) -> str:
    consumer = brand.account.consumers.filter(ref=ref).first() or brand.phone(ref).consumer
    received = receive_message(
        account=brand.account, consumer=consumer, text="Hello", now=timezone.now()
    )
    return str(received.conversation.public_id)


def _deflection(brand: LabBrand) -> Mapping[str, Known]:
    """An invite is answered alike however often it is made."""
    handoff = HandoffFactory(
        account=brand.account, kind="ivr", app_names=[brand.app.bundle_id], text="Write to us"
    )
    brand.phone("caller")
    asked = Caller("caller", handoff.public_id, brand.billing.name)
    call = check_eligibility(account=brand.account, caller=asked, now=timezone.now())
    skills = [brand.billing.name]
    return {
        "checkEligibility": {
            "handoffId": [handoff.public_id],
            "skill": skills,
        },
        "invite": {
            "callId": [str(call.call_id)],
            "overrideChannel": ["inapp", "", None],
            "overrideSkill": [*skills, "", None],
        },
    }


def _id(kind: str, row: Any) -> Known:
    return {f"{kind}Id": [str(row.public_id)]}


def _fields(brand: LabBrand) -> Known:
    soon = timezone.now() + timedelta(hours=1)
    return {
        "skill": [brand.billing.name],
        "templateId": [brand.handoff.public_id],
        "handoffId": [brand.handoff.public_id],
        "startAt": [soon.isoformat(timespec="seconds"), "", None],
        "appName": [brand.app.bundle_id],
        "timeZone": ["Europe/Stockholm", "America/St_Johns", "", None],
        "endpoint": ["https://fcm.googleapis.com/fcm/send/a1b2"],
        # Of RFC 8291, 5.
        "p256dh": [
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ],
        "url": ["https://hooks.brand.example/in", "https://hooks.brand.example:8443/in?from=us"],
    }


def _day() -> Known:
    """As much as transactions are told of at once."""
    now = int(timezone.now().timestamp() * 1000)
    return {
        "attemptedStartTime": [now - 43_200_000],
        "attemptedEndTime": [now + 43_200_000],
    }


def _webhook(brand: LabBrand) -> Known:
    """With deliveries that were given up, each of which can be replayed once."""
    webhook: WebhookEndpoint = WebhookEndpointFactory(account=brand.account)
    now = timezone.now()
    events = [
        send_test_event(endpoint=webhook, by="tests", now=now).event.public_id for _ in range(5)
    ]
    WebhookDelivery.objects.filter(endpoint=webhook).update(
        state=DeliveryState.DEAD, finished_at=now
    )
    return {**_id("webhook", webhook), "eventId": events}
