"""Settings: the identity provider (C1, S5, S6), and a look at a token."""

import logging

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import AuditEvent
from consumers.models import Consumer, IdentityProvider
from consumers.token_check import check_token
from tests.consumers import tokens
from tests.consumers.test_authentication import BAD
from tests.consumers.tokens import claims, ec_key, pem, rsa_key, sign
from tests.world import World, make_world

pytestmark = pytest.mark.django_db
FORM = {"issuer": tokens.ISSUER, "audience": "app", "max_lifetime_seconds": "3600"}


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def administrator(world: World) -> Client:
    client = Client()
    client.force_login(world.administrator)
    return client


def url(world, view="settings_identity"):
    return reverse(view, args=[world.account.number])


def provider_of(world):
    return IdentityProvider.objects.get(account=world.account)


def test_an_identity_provider_is_set_up(world, administrator):
    IdentityProvider.objects.all().delete()

    saved = administrator.post(url(world), {**FORM, "public_key": pem(ec_key())}, follow=True)

    assertContains(saved, "The identity provider was saved.")
    assert (provider_of(world).audience, provider_of(world).max_lifetime_seconds) == ("app", 3600)
    assert AuditEvent.objects.get(verb="identity_provider_saved").account_number == (
        world.account.number
    )


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({}, "public_key", "Give either the public key or the address"),
        ({"public_key": "no key"}, "public_key", "This is no public key"),
        ({"public_key": "-----BEGIN PRIVATE KEY-----"}, "public_key", "This is a private key."),
        ({"jwks_url": "https://127.0.0.1/keys"}, "jwks_url", "not"),
        ({"jwks_url": "https://169.254.169.254/"}, "jwks_url", "not"),
        ({"jwks_url": "http://idp.brand.example/"}, "jwks_url", "https"),
        ({"public_key": "x", "max_lifetime_seconds": "1"}, "max_lifetime_seconds", "60"),
    ],
)
def test_what_cannot_be_used_is_told_beside_its_field(world, administrator, given, field, words):
    before = provider_of(world).public_key

    page = administrator.post(url(world), {**FORM, **given})

    assert any(words in error for error in page.context["form"].errors[field])
    assertContains(page, tokens.ISSUER)
    assert provider_of(world).public_key == before


def test_who_may_not_change_it_sees_what_is_set_and_no_form(world):
    client = Client()
    client.force_login(world.campaign_manager)

    page = client.get(url(world))

    assertContains(page, tokens.ISSUER)
    assertContains(page, "Astrid Lind")
    assertNotContains(page, "Save the identity provider")
    assertContains(page, "Look at it")


def look_at(world, client, token):
    return client.post(url(world, "settings_identity_token"), {"token": token})


def test_a_good_token_passes_every_check_and_is_shown_decoded(world, administrator):
    page = look_at(world, administrator, sign(claims(sub="anna", given_name="Ånna <b>")))

    look = page.context["look"]
    assert look.is_good
    assert {check.is_passed for check in look.checks if check.name != "aud"} == {True}
    assertContains(page, "It signs in the consumer <bdi><code>anna</code></bdi>")
    assertContains(page, "Ånna &lt;b&gt;")


def test_each_bad_token_is_refused_as_the_sdks_door_refuses_it(world):
    """S6: one table for both."""
    provider = provider_of(world)
    for name, (make, reason) in BAD.items():
        token = make()
        if not token:
            continue
        look = check_token(token, provider, now=timezone.now())
        assert look.reason == reason, name
        assert any(check.is_passed is False for check in look.checks), name


def test_an_audience_that_is_set_is_a_check_of_its_own(world):
    provider = provider_of(world)
    provider.audience = "app"

    for audience, is_passed in (("app", True), ("other", False), (None, False)):
        look = check_token(sign(claims(aud=audience)), provider, now=timezone.now())
        assert [c.is_passed for c in look.checks if c.name == "aud"] == [is_passed]
        assert look.is_good == is_passed


def test_all_that_is_wrong_is_told_at_once(world, administrator):
    wrong = sign(claims(iss="https://evil.example", exp=1), key=rsa_key("stranger"))

    look = look_at(world, administrator, wrong).context["look"]

    failed = {check.name for check in look.checks if check.is_passed is False}
    assert {"Signature", "iss", "exp"} <= failed


def test_a_token_that_is_looked_at_is_neither_kept_nor_logged_nor_shown_again(
    world, administrator, caplog
):
    caplog.set_level(logging.DEBUG)
    token = sign(claims(sub="canary-4711"))

    page = look_at(world, administrator, f"Bearer {token}\n")

    assert page.context["look"].is_good
    assertNotContains(page, token)
    assert token not in caplog.text
    assert "canary-4711" not in caplog.text
    assert not Consumer.objects.filter(ref="canary-4711").exists()


def test_claims_that_no_page_can_carry_are_written_as_their_codes(world, administrator):
    token = tokens.sign_raw({"alg": "RS256"}, claims(sub="\ud800"))

    assertContains(look_at(world, administrator, token), r"\ud800")
