"""The brand of a run: made by the product's services, its consumers and devices in bulk."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle

from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from accounts import tokens
from accounts.api_clients import create_api_client
from accounts.models import Account, App, Skill
from accounts.services import create_account
from bench.stub import PASSWORD, USERNAME
from consumers.models import Consumer, Device, token_digest
from handoffs.models import Handoff
from handoffs.services import create_handoff
from push.credentials import save_credential

BY = "benchmark"
TEXT = "Hi {name}, your new card is on its way. Tell us if you would like it sent elsewhere. 💳"


@dataclass(frozen=True, slots=True)
class World:
    account: Account
    app: App
    skill: Skill
    handoff: Handoff
    headers: Mapping[str, str]
    refs: list[str]

    @property
    def path(self) -> str:
        return f"/api/v2/account/{self.account.number}/campaign"

    def body(self, refs: list[str]) -> bytes:
        call = {
            "campaignName": "Card renewal",
            "skill": self.skill.name,
            "templateId": self.handoff.public_id,
            "consent": True,
            "consumers": [
                {"consumerContent": {"inapp": ref}, "variables": {"1": TEXT.format(name=ref)}}
                for ref in refs
            ],
        }
        return json.dumps(call, ensure_ascii=False).encode()

    def bodies(self, size: int = 100) -> Iterator[bytes]:
        """Calls of ``size`` consumers without end, all consumers in turn."""
        starts = range(0, len(self.refs) - size + 1, size)
        return cycle([self.body(self.refs[start : start + size]) for start in starts])


def make_naive_tables() -> None:
    with connection.schema_editor() as editor:
        for model in apps.get_app_config("naive").get_models():
            editor.create_model(model)


@transaction.atomic
def make_world(*, stub_url: str, consumers: int, name: str = "Bench") -> World:
    email = f"{name.lower()}@brand.example"
    account, _ = create_account(name=name, admin_email=email, by=BY)
    account.requests_per_second = 100_000
    account.daily_recipients = 2_000_000_000
    account.save(update_fields=["requests_per_second", "daily_recipients"])
    app = App.objects.create(
        account=account, bundle_id="com.brand.app", name="Brand", platforms=["ios", "android"]
    )
    settings = {"url": stub_url, "username": USERNAME, "password": PASSWORD}
    for platform in app.platforms:
        save_credential(app=app, platform=platform, provider="proxy", settings=settings, by=BY)
    handoff = create_handoff(
        account=account,
        title="Cards",
        app_names=[app.bundle_id],
        text="Your card",
        by=BY,
        now=timezone.now(),
    )
    skill = Skill.objects.create(account=account, name="billing")
    return World(account, app, skill, handoff, _headers(account), _make_consumers(app, consumers))


def _headers(account: Account) -> dict[str, str]:
    client, _ = create_api_client(
        account=account, name="Bench", scopes=["campaigns:send", "campaigns:read"], by=BY
    )
    token = tokens.new_secret()
    tokens.mint(client=client, token=token, scopes=client.scopes, now=timezone.now())
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _make_consumers(app: App, count: int) -> list[str]:
    """People who have signed in, each with one phone, every second an iPhone."""
    now = timezone.now()
    people = Consumer.objects.bulk_create(
        Consumer(account=app.account, ref=f"consumer-{number:06}", last_login_at=now)
        for number in range(count)
    )
    Device.objects.bulk_create(
        Device(
            account=app.account,
            consumer=person,
            app=app,
            platform=app.platforms[number % 2],
            token=f"token-{number:06}-{'x' * 140}",
            token_digest=token_digest(f"token-{number:06}-{'x' * 140}"),
            sdk_version="6.22.0",
        )
        for number, person in enumerate(people)
    )
    return [person.ref for person in people]
