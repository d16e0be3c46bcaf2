"""C2: what a web app subscribes with."""

import pytest

from push.vapid_keys import application_server_key, make_vapid_keys
from tests.consumers import tokens
from tests.factories.accounts import AppFactory
from tests.factories.consumers import IdentityProviderFactory


@pytest.fixture
def web(brand):
    IdentityProviderFactory(
        account=brand.account, issuer=tokens.ISSUER, public_key=tokens.pem(tokens.rsa_key())
    )
    return AppFactory(account=brand.account, bundle_id="com.brand.web", platforms=["web"])


def ask(client, app):
    token = tokens.sign(tokens.claims(sub="ana"))
    return client.get(
        f"/api/sdk/v1/account/{app.account.number}/apps/{app.bundle_id}/push-key",
        headers={"Authorization": f"Bearer {token}"},
    )


def test_a_web_app_is_told_the_public_half_of_its_key_pair(client, web):
    pair = make_vapid_keys(app=web, contact="mailto:push@brand.example", by="tests")

    answer = ask(client, web)

    assert answer.status_code == 200
    assert answer.json() == {"applicationServerKey": application_server_key(pair)}


def test_an_app_without_a_key_pair_in_use_has_none_to_tell(client, web):
    assert ask(client, web).status_code == 404
    pair = make_vapid_keys(app=web, contact="mailto:push@brand.example", by="tests")
    pair.is_enabled = False
    pair.save()

    assert ask(client, web).status_code == 404
