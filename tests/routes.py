"""Every route of the API, with a call that succeeds; and a brand that has all that they name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import uuid4

from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.utils import timezone

from accounts.models import Account, App, Role, User
from conversations.models import Conversation, Message
from conversations.services import close_conversation, receive_message
from conversations.widget_access import issue_code, redeem_code
from deflection.services import Caller, check_eligibility
from push.vapid_keys import make_vapid_keys
from tests.campaigns.conftest import Brand, deliver_all, make_brand
from tests.consumers import tokens
from tests.deflection.calls import caller, ivr_handoff
from tests.factories.accounts import AppFactory, member
from tests.factories.consumers import IdentityProviderFactory
from tests.factories.webhooks import WebhookEndpointFactory
from tests.webhooks.conftest import tell
from webhooks.events import EventType
from webhooks.models import DeliveryState, WebhookDelivery

PREFIXES = ("^api/", "api/", "^oauth/", "^sentinel/")


@dataclass(frozen=True)
class Owned:
    """A brand and one of everything, by the names that the paths use."""

    brand: Brand
    key: Any
    ids: dict[str, str]
    # Of another consumer of the same brand.
    ids_of_bo: dict[str, str]

    @property
    def account(self) -> Account:
        return self.brand.account

    @cached_property
    def agent(self) -> User:
        return member(Role.AGENT, self.account)

    @property
    def widget_token(self) -> str:
        """Of its agent."""
        now = timezone.now()
        made = issue_code(account=self.account, user=self.agent, now=now)
        return redeem_code(account=self.account, code=made.code, now=now).token

    def jwt(self, **claims: Any) -> str:
        """Of anna, from the brand's identity provider."""
        return tokens.sign(tokens.claims(**claims), key=self.key)


@dataclass(frozen=True)
class Route:
    """``door`` says who is let in; ``ok`` is the status for them."""

    door: str
    method: str
    path: str
    scope: str = ""
    ok: int = 200
    query: str = ""
    body: Callable[[Owned], Any] = field(default=lambda owned: {})
    # Whether it reads a JSON object that may not be empty bytes.
    reads_json: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def url(self, ids: dict[str, str], *, slash: str = "") -> str:
        query = self.query and f"?{self.query}"
        return f"{self.path.format(**ids)}{slash}{query}"

    @property
    def name(self) -> str:
        """As the URLconf has it."""
        return str(resolve(self.path.format(**EXAMPLES)).view_name)

    @property
    def has_object(self) -> bool:
        return self.path.count("{") > 1


EXAMPLES = {
    "account": "1",
    "campaign": "aaaaaaaaa",
    "app": "com.brand.nobodys",
    "message": str(uuid4()),
    "device": str(uuid4()),
    "conversation": str(uuid4()),
    # Of the consumer who calls.
    "talk": str(uuid4()),
    "webhook": str(uuid4()),
    "event": f"msg_{'a' * 32}",
}

V2 = "/api/v2/account/{account}"
CAMPAIGN = f"{V2}/campaign/{{campaign}}"
CONVERSATION = f"{V2}/conversations/{{conversation}}"
WEBHOOK = f"{V2}/webhooks/{{webhook}}"
DELIVERY = f"{WEBHOOK}/deliveries/{{event}}"
CONFIGURED = "/api/account/{account}/app/prmsg/handoffs/list"
REPORTS = "/api/account/{account}/app/prmsg"
REPORTED = f"{REPORTS}/campaigns/{{campaign}}"
ELIGIBILITY = "/api/account/{account}/eligibility"
INVITE = "/api/account/{account}/invite"
DOMAIN = "/api/account/{account}/service"
SDK = "/api/sdk/v1/account/{account}"
DEVICE = f"{SDK}/devices/{{device}}"
WIDGET = "/api/cx-widget/account/{account}"
DAY = "attemptedStartTime=1795392000000&attemptedEndTime=1795471200000"
READ, SEND = "campaigns:read", "campaigns:send"
TALK_READ, TALK = "conversations:read", "conversations:write"
REPORT, HOOKS = "reports:read", "webhooks:manage"


def _hook(owned: Owned) -> Any:
    return {"url": "https://hooks.brand.example/new", "eventTypes": ["recipient.failed"]}


def _phone(owned: Owned) -> Any:
    names = {"appName": owned.brand.app.bundle_id, "platform": "ios"}
    return {**names, "token": f"t-{owned.account.pk}", "sdkVersion": "6.22.0"}


def _selection(owned: Owned) -> Any:
    return {"reason": "token_gone"}


def _call(owned: Owned) -> Any:
    return owned.brand.body("anna", "carl")


def _said(owned: Owned) -> Any:
    return {"text": "Hello"}


def _skill(owned: Owned) -> Any:
    return {"skill": owned.brand.default_skill.name}


def _typing(owned: Owned) -> Any:
    return {"isTyping": True}


def _seen(owned: Owned) -> Any:
    message = Message.objects.get(conversation__public_id=owned.ids["talk"])
    return {"messageId": str(message.public_id)}


def _caller(owned: Owned) -> Any:
    return caller(owned.brand)


def _invitation(owned: Owned) -> Any:
    now = timezone.now()
    asked = Caller("anna", ivr_handoff(owned.brand).public_id, owned.brand.skill.name)
    call = check_eligibility(account=owned.account, caller=asked, now=now)
    return {"callId": str(call.call_id)}


def _code(owned: Owned) -> Any:
    return {"code": issue_code(account=owned.account, user=owned.agent, now=timezone.now()).code}


ROUTES = [
    Route("token", "POST", "/oauth/token"),
    Route("token", "POST", "/oauth/revoke_token"),
    Route("token", "POST", "/sentinel/api/account/{account}/app/token"),
    Route("brand", "GET", f"{V2}/campaign", READ),
    Route("brand", "POST", f"{V2}/campaign", SEND, body=_call, reads_json=True),
    Route("brand", "GET", CAMPAIGN, READ),
    Route("brand", "POST", f"{CAMPAIGN}/cancel", SEND),
    Route("brand", "GET", f"{CAMPAIGN}/recipients", READ),
    Route("brand", "GET", f"{CAMPAIGN}/recipients.csv", READ),
    Route("brand", "GET", f"{CAMPAIGN}/recipients/{{message}}", READ),
    Route("brand", "GET", f"{CAMPAIGN}/conversations", READ),
    Route("brand", "GET", f"{V2}/deadletters", READ),
    Route("brand", "GET", f"{V2}/deadletters/messages", READ),
    Route("brand", "POST", f"{V2}/deadletters/replay", SEND, body=_selection, reads_json=True),
    Route("brand", "GET", f"{V2}/apps/{{app}}/reachability", REPORT),
    Route("brand", "GET", f"{V2}/conversations", TALK_READ),
    Route("brand", "GET", CONVERSATION, TALK_READ),
    Route("brand", "POST", f"{CONVERSATION}/accept", TALK),
    Route("brand", "GET", f"{CONVERSATION}/messages", TALK_READ),
    Route("brand", "POST", f"{CONVERSATION}/messages", TALK, 201, body=_said, reads_json=True),
    Route("brand", "POST", f"{CONVERSATION}/transfer", TALK, body=_skill, reads_json=True),
    Route("brand", "POST", f"{CONVERSATION}/close", TALK),
    Route("brand", "POST", f"{V2}/widget/codes", TALK_READ, 201),
    Route("code", "POST", f"{WIDGET}/token", body=_code, reads_json=True),
    Route("widget", "GET", f"{WIDGET}/messages", query="consumerId=anna"),
    Route("frame", "GET", f"{WIDGET}/auth/url"),
    Route("page", "GET", "/api/cx-widget/login"),
    Route("brand", "GET", f"{V2}/webhooks", HOOKS),
    Route("brand", "POST", f"{V2}/webhooks", HOOKS, 201, body=_hook, reads_json=True),
    Route("brand", "GET", WEBHOOK, HOOKS),
    Route("brand", "PATCH", WEBHOOK, HOOKS, body=lambda _: {"description": "x"}, reads_json=True),
    Route("brand", "DELETE", WEBHOOK, HOOKS, 204),
    Route("brand", "POST", f"{WEBHOOK}/rotate", HOOKS),
    Route("brand", "POST", f"{WEBHOOK}/test", HOOKS, 202),
    Route("brand", "GET", f"{WEBHOOK}/deliveries", HOOKS),
    Route("brand", "POST", f"{WEBHOOK}/replay", HOOKS, 202, query="since=2026-01-01T00:00:00Z"),
    Route("brand", "GET", DELIVERY, HOOKS),
    Route("brand", "POST", f"{DELIVERY}/replay", HOOKS, 202),
    Route("brand", "GET", CONFIGURED, "handoffs:read", query="v=1"),
    Route("brand", "GET", f"{CONFIGURED}/channel/inapp", "handoffs:read", query="v=1"),
    Route("brand", "GET", f"{REPORTS}/analytics", REPORT, query=DAY),
    Route("brand", "POST", f"{REPORTS}/analytics", REPORT, query=DAY, reads_json=True),
    Route("brand", "POST", f"{REPORTS}/transactions", REPORT, query=DAY, reads_json=True),
    Route("brand", "GET", REPORTED, REPORT),
    Route("brand", "GET", f"{REPORTED}/analytics", REPORT),
    Route("brand", "POST", ELIGIBILITY, SEND, query="v=2.0", body=_caller, reads_json=True),
    Route("brand", "POST", INVITE, SEND, query="v=2.0", body=_invitation, reads_json=True),
    Route("domain", "GET", f"{DOMAIN}/baseURI.json"),
    Route("domain", "GET", f"{DOMAIN}/sentinel/baseURI.json"),
    Route("sdk", "GET", f"{SDK}/devices"),
    Route("sdk", "POST", f"{SDK}/devices", body=_phone, reads_json=True),
    Route("sdk", "PATCH", DEVICE, body=lambda _: {"model": "x"}, reads_json=True),
    Route("sdk", "DELETE", DEVICE, ok=204),
    Route("sdk", "POST", f"{DEVICE}/logout", reads_json=True),
    Route("sdk", "GET", f"{DEVICE}/why"),
    Route("sdk", "GET", f"{SDK}/apps/{{app}}/push-key"),
    Route("sdk", "POST", f"{SDK}/messages/{{message}}/delivered"),
    Route("sdk", "POST", f"{SDK}/messages/{{message}}/opened"),
    Route("sdk", "GET", f"{SDK}/messages"),
    Route("sdk", "GET", f"{SDK}/dialog"),
    Route("sdk", "POST", f"{SDK}/replies", ok=201, body=lambda _: {"text": "x"}, reads_json=True),
    Route("sdk", "GET", f"{SDK}/events"),
    Route("sdk", "POST", f"{SDK}/typing", ok=204, body=_typing, reads_json=True),
    Route("sdk", "POST", f"{SDK}/read", body=_seen, reads_json=True),
    Route("sdk", "GET", f"{SDK}/unread"),
    Route("sdk", "GET", f"{SDK}/conversations"),
    Route("sdk", "GET", f"{SDK}/conversations/{{talk}}/messages"),
    Route("page", "GET", "/api/openapi.json"),
    Route("page", "GET", "/api/openapi.yaml"),
    Route("page", "GET", "/api/docs"),
    Route("page", "GET", "/api/api-docs", ok=302),
]


def api_patterns() -> Iterator[URLPattern]:
    """Every route of the URLconf that belongs to the API."""
    for prefix, pattern in _flat(get_resolver().url_patterns):
        if prefix.startswith(PREFIXES):
            yield pattern


def _flat(patterns: list[Any], before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _flat(one.url_patterns, path)
        else:
            yield path, one


def _talk(brand: Brand, ref: str) -> Conversation:
    consumer = brand.account.consumers.get(ref=ref)
    now = timezone.now()
    said = receive_message(account=brand.account, consumer=consumer, text="Hello", now=now)
    return said.conversation


def _web_app(brand: Brand) -> App:
    app: App = AppFactory(account=brand.account, platforms=["web"])
    make_vapid_keys(app=app, contact="mailto:push@brand.example", by="tests")
    return app


def make_owned(key: str) -> Owned:
    """A brand whose anna and bo have a device, a message and a conversation each, and whose webhook
    failed."""
    brand, private = make_brand(), tokens.rsa_key(key)
    IdentityProviderFactory(
        account=brand.account, issuer=tokens.ISSUER, public_key=tokens.pem(private)
    )
    devices = [brand.consumer(ref).devices.get() for ref in ("anna", "bo")]
    webhook = WebhookEndpointFactory(account=brand.account)
    created = brand.send("anna", "bo")
    deliver_all()
    tell(brand.account, EventType.CAMPAIGN_COMPLETED)
    deliveries = WebhookDelivery.objects.filter(endpoint=webhook)
    deliveries.update(state=DeliveryState.DEAD, finished_at=timezone.now())
    delivery = deliveries.latest("pk")
    anna, bo = (
        {"message": str(sent.public_id), "device": str(device.public_id)}
        for sent, device in zip(created.accepted, devices, strict=True)
    )
    anna_s, bo_s = (_talk(brand, ref) for ref in ("anna", "bo"))
    # She can be sent messages: nobody talks to her any more.
    close_conversation(conversation=anna_s, by="tests", now=timezone.now())
    anna["talk"], bo["talk"] = str(anna_s.public_id), str(bo_s.public_id)
    ids = {
        "conversation": bo["talk"],
        "account": str(brand.account.number),
        "campaign": created.campaign.public_id,
        "app": _web_app(brand).bundle_id,
        "webhook": str(webhook.public_id),
        "event": delivery.event.public_id,
    }
    return Owned(brand, private, ids | anna, ids | bo)
