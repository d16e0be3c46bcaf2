"""The brand of the run: many consumers, each with one phone, shared out among the vendors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts import tokens
from accounts.api_clients import create_api_client
from accounts.models import Account, App, Skill
from accounts.services import create_account
from consumers.models import token_digest
from handoffs.services import create_handoff
from push.credentials import save_credential

BY = "chaos"

_CONSUMERS = """
INSERT INTO consumers_consumer (account_id, ref, name, created_at, last_login_at)
SELECT %(account)s, 'c' || n, '', %(now)s, %(now)s FROM generate_series(0, %(last)s) n
"""
_DEVICES = """
INSERT INTO consumers_device (public_id, account_id, consumer_id, app_id, platform, token,
    token_digest, p256dh, auth, environment, sdk_version, is_androidx, os_version, model, locale,
    time_zone, country, city, label, registered_at, last_seen_at, logout_type, removed_reason)
SELECT gen_random_uuid(), c.account_id, c.id, %(app)s, d.platform, d.token, d.digest, d.p256dh,
    d.auth, d.environment, '6.22.0', false, '', '', '', '', '', '', '', %(now)s, %(now)s, '', ''
FROM unnest(%(refs)s::text[], %(platforms)s::text[], %(tokens)s::text[], %(digests)s::text[],
            %(p256dh)s::text[], %(auth)s::text[], %(environments)s::text[])
         AS d(ref, platform, token, digest, p256dh, auth, environment)
JOIN consumers_consumer c ON c.account_id = %(account)s AND c.ref = d.ref
"""


@dataclass(frozen=True)
class Phone:
    """A device as its app would register it."""

    platform: str
    token: str
    p256dh: str = ""
    auth: str = ""
    environment: str = ""

    @property
    def logged_as(self) -> str:
        """Its name in the vendor's log: of an endpoint the last part."""
        return self.token.rpartition("/")[2]


@dataclass(frozen=True)
class Way:
    """How a platform's phones are reached in this run: the app's credential for it."""

    platform: str
    provider: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class World:
    account: Account
    path: str
    headers: Mapping[str, str]
    call: Mapping[str, Any]


@transaction.atomic
def make_world(ways: Sequence[Way], phones: Sequence[Phone]) -> World:
    """``phones`` are those of all ways, in the order of the consumers."""
    account, _ = create_account(name="Chaos", admin_email="chaos@brand.example", by=BY)
    account.requests_per_second = 100_000
    account.daily_recipients = 2_000_000_000
    account.save(update_fields=["requests_per_second", "daily_recipients"])
    app = App.objects.create(
        account=account,
        bundle_id="com.brand.app",
        name="Brand",
        platforms=[way.platform for way in ways],
    )
    for way in ways:
        save_credential(
            app=app, platform=way.platform, provider=way.provider, settings=way.settings, by=BY
        )
    _make_people(app, phones)
    handoff = create_handoff(
        account=account,
        title="Cards",
        app_names=[app.bundle_id],
        text="Your card",
        by=BY,
        now=timezone.now(),
    )
    Skill.objects.create(account=account, name="billing")
    return World(
        account=account,
        path=f"/api/v2/account/{account.number}/campaign",
        headers=_headers(account),
        call={
            "campaignName": "Card renewal",
            "skill": "billing",
            "templateId": handoff.public_id,
            "consent": True,
        },
    )


def _headers(account: Account) -> dict[str, str]:
    client, _ = create_api_client(
        account=account, name="Chaos", scopes=["campaigns:send", "campaigns:read"], by=BY
    )
    token = tokens.new_secret()
    tokens.mint(client=client, token=token, scopes=client.scopes, now=timezone.now())
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _make_people(app: App, phones: Sequence[Phone]) -> None:
    """Consumer ``c0``, ``c1`` … in the order of their phones."""
    given = {
        "account": app.account_id,
        "app": app.pk,
        "now": timezone.now(),
        "last": len(phones) - 1,
        "refs": [f"c{number}" for number in range(len(phones))],
        "platforms": [phone.platform for phone in phones],
        "tokens": [phone.token for phone in phones],
        "digests": [token_digest(phone.token) for phone in phones],
        "p256dh": [phone.p256dh for phone in phones],
        "auth": [phone.auth for phone in phones],
        "environments": [phone.environment for phone in phones],
    }
    with connection.cursor() as cursor:
        cursor.execute(_CONSUMERS, given)
        cursor.execute(_DEVICES, given)
        cursor.execute("ANALYZE consumers_consumer, consumers_device")
