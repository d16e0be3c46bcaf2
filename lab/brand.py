"""The demo brand as it is on a fresh installation: plain values, the same everywhere."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from accounts.models import Platform, Role

NUMBER = 48213907
NAME = "Larkfield Bank"
TIME_ZONE = "Europe/Stockholm"
WELCOME = "Welcome to Larkfield. What can we do for you?"

SALES = "sales"
BILLING = "billing"
SUPPORT = "support"

MOBILE_APP = "com.larkfield.app"
WEB_APP = "com.larkfield.web"
# Apart from the one whose browser stands in the lab: this one is reached by real Web Push.
DEMO_APP = "com.larkfield.demo"
APPS = (MOBILE_APP, WEB_APP, DEMO_APP)
CONTACT = "mailto:push@larkfield.example"
ORIGIN = "https://www.larkfield.example"
ISSUER = "https://id.larkfield.example"

CLIENT_ID = "larkfield-crm"
# All there are: whatever the docs call can be tried.
SCOPES = (
    "campaigns:send",
    "campaigns:read",
    "handoffs:read",
    "reports:read",
    "webhooks:manage",
    "conversations:read",
    "conversations:write",
)

CARD_HANDOFF = "H482139070000001"
PLAIN_HANDOFF = "H1234567890"
TESTER = "user1"

# LivePerson's own sample, word for word and line for line.
SAMPLE_BODY = """\
{
    "campaignName": "TestInappProactiveAPI",
    "skill": "sales",
    "templateId": "H1234567890",
    "consent": true,
    "consumers": [
        {
            "consumerContent": {"inapp": "user1"},
            "variables": {
                "1": "Hi user1, welcome to proactive messaging."
            }
        }
    ]
}"""


def sample() -> dict[str, Any]:
    body: dict[str, Any] = json.loads(SAMPLE_BODY)
    return body


def address() -> str:
    """Where this machine reaches the installation, without a last slash."""
    return (os.environ.get("PROACTIVE_URL") or settings.PUBLIC_URL).rstrip("/")


def origin() -> str:
    """As browsers name it."""
    parts = urlsplit(address())
    return f"{parts.scheme}://{parts.netloc}"


class SecretsMissing(Exception):
    """The environment does not hold what the demo signs in with; the message says what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What differs from one installation to the next; `idp_private_key` is a PEM (EC P-256)."""

    client_secret: str
    password: str
    idp_private_key: str

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Secrets":
        """:raises SecretsMissing: naming the first variable that is not set"""
        names = ("DEMO_CLIENT_SECRET", "DEMO_PASSWORD", "DEMO_IDP_PRIVATE_KEY")
        for name in names:
            if not environment.get(name):
                raise SecretsMissing(
                    f"{name} is not set. script/server and script/demo set it; by hand it is "
                    "`python -m proactive_site.embedded run -- COMMAND`."
                )
        client_secret, password, key = (environment[name] for name in names)
        return cls(client_secret, password, key.replace("\\n", "\n"))


@dataclass(frozen=True, slots=True)
class Person:
    """Who signs in. Without a role it is the operator of the installation."""

    mailbox: str
    name: str
    role: str
    skills: tuple[str, ...]
    may: str

    @property
    def email(self) -> str:
        return f"{self.mailbox}@larkfield.example"


PEOPLE = (
    Person("operator", "Olle Operator", "", (), "operator: every account of the installation"),
    Person("admin", "Astrid Lind", Role.ADMINISTRATOR, (), "administrator of Larkfield Bank"),
    Person("campaigns", "Carl Berg", Role.CAMPAIGN_MANAGER, (), "campaign manager"),
    Person("agents", "Agnes Holm", Role.AGENT_MANAGER, (SALES, BILLING, SUPPORT), "agent manager"),
    Person("agent", "Amir Nouri", Role.AGENT, (SALES, SUPPORT), "agent of sales and support"),
)


@dataclass(frozen=True, slots=True)
class Phone:
    """A consumer and the one device they have signed in on; `facts` are those of a registration."""

    ref: str
    name: str
    label: str
    app: str
    platform: str
    facts: Mapping[str, Any] = field(default_factory=dict)


SWEDEN = {"locale": "sv-SE", "time_zone": "Europe/Stockholm", "country": "SE"}
PHONES = (
    Phone(
        TESTER,
        "User One",
        "User One’s iPhone",
        MOBILE_APP,
        Platform.IOS,
        {
            "sdk_version": "6.22.1",
            "os_version": "18.6",
            "model": "iPhone 15",
            "locale": "en-GB",
            "time_zone": "Europe/London",
            "country": "GB",
            "city": "Leeds",
        },
    ),
    Phone(
        "ingrid",
        "Ingrid",
        "Ingrid’s iPhone",
        MOBILE_APP,
        Platform.IOS,
        {
            "sdk_version": "6.24",
            "os_version": "19.1",
            "model": "iPhone 17",
            "city": "Växjö",
            **SWEDEN,
        },
    ),
    Phone(
        "kola",
        "Kola",
        "Kola’s Pixel",
        MOBILE_APP,
        Platform.ANDROID,
        {
            "sdk_version": "5.8",
            "is_androidx": True,
            "os_version": "16",
            "model": "Pixel 10",
            "city": "Stockholm",
            **SWEDEN,
        },
    ),
    Phone(
        "leila",
        "ليلى",
        "Leila’s old Galaxy",
        MOBILE_APP,
        Platform.ANDROID,
        {
            "sdk_version": "4.9",
            "os_version": "9",
            "model": "Galaxy S8",
            "city": "Malmö",
            **SWEDEN,
            "locale": "ar",
        },
    ),
    Phone(
        "mei",
        "Mei",
        "Mei’s browser",
        WEB_APP,
        Platform.WEB,
        {
            "sdk_version": "1.0",
            "model": "Firefox",
            "locale": "zh-Hans-SG",
            "time_zone": "Asia/Singapore",
            "country": "SG",
            "city": "Singapore",
        },
    ),
)
# Stands in the lab where stubs do: their push proxy reaches it.
HUAWEI_PHONE = Phone(
    "jun",
    "Jun",
    "Jun’s Mate",
    MOBILE_APP,
    Platform.HUAWEI,
    {
        "sdk_version": "5.8",
        "is_androidx": True,
        "os_version": "6",
        "model": "Mate 80",
        "city": "Göteborg",
        **SWEDEN,
    },
)
