"""C1: what an administrator may set for the brand's identity provider."""

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from consumers.identity import IdentityProviderInvalid, save_identity_provider
from consumers.models import IdentityProvider
from tests.consumers import tokens
from tests.consumers.tokens import ec_key, pem, rsa_key
from tests.factories.accounts import AccountFactory


def made(account, **settings):
    return IdentityProvider(account=account, issuer=tokens.ISSUER, **settings)


def save(provider):
    save_identity_provider(provider=provider, by="anna@brand.example")


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({}, "/public_key"),
        ({"public_key": "x", "jwks_url": "https://idp.example/keys"}, "/public_key"),
        ({"public_key": "x"}, "/public_key"),
        ({"public_key": pem(rsa_key("weak", 1024))}, "/public_key"),
        ({"public_key": "-----BEGIN PRIVATE KEY-----"}, "/public_key"),
        ({"public_key": pem(ec_key()), "algorithms": ["RS256"]}, "/public_key"),
        ({"public_key": pem(rsa_key()), "algorithms": ["HS256"]}, "/algorithms"),
        ({"public_key": pem(rsa_key()), "algorithms": ["none"]}, "/algorithms"),
        ({"jwks_url": "http://idp.example/keys"}, "/jwks_url"),
        ({"jwks_url": "https://user:pw@idp.example/keys"}, "/jwks_url"),
        ({"jwks_url": "https://169.254.169.254/keys"}, "/jwks_url"),
        ({"jwks_url": "https://idp.example:6379/keys"}, "/jwks_url"),
        ({"jwks_url": "file:///etc/passwd"}, "/jwks_url"),
    ],
)
def test_setting_that_cannot_be_used_is_named_and_nothing_is_stored(db, given, pointer):
    with pytest.raises(IdentityProviderInvalid) as caught:
        save(made(AccountFactory(), **given))

    assert caught.value.pointer == pointer
    assert not IdentityProvider.objects.exists()


def test_change_is_audited(db):
    provider = made(AccountFactory(), public_key=pem(rsa_key()))
    save(provider)
    provider.audience = "app"

    save(provider)

    event = AuditEvent.objects.latest("pk")
    assert (event.verb, event.actor) == ("identity_provider_saved", "anna@brand.example")
    assert event.changes == {"audience": ["", "app"]}


def test_keys_of_another_address_are_forgotten(db):
    now = timezone.now()
    kept = {"jwks": [{"kty": "RSA"}], "jwks_fetched_at": now, "jwks_tried_at": now}
    provider = made(AccountFactory(), jwks_url="https://idp.example/keys")
    save(provider)
    IdentityProvider.objects.filter(pk=provider.pk).update(**kept)

    provider.refresh_from_db()
    provider.issuer = "https://renamed.example"
    save(provider)
    provider.refresh_from_db()
    assert provider.jwks == kept["jwks"]

    provider.jwks_url = "https://idp.example/other"
    save(provider)
    provider.refresh_from_db()
    assert (provider.jwks, provider.jwks_fetched_at, provider.jwks_tried_at) == (None, None, None)
