from functools import cache

import pytest
from django.test import Client

from tests.consumers import tokens
from tests.factories.accounts import AccountFactory, AppFactory
from tests.factories.consumers import IdentityProviderFactory


@pytest.fixture
def account(db):
    return AccountFactory()


@pytest.fixture
def app(account):
    return AppFactory(
        account=account,
        bundle_id="com.brand.app",
        platforms=["ios", "android", "huawei", "web"],
        origins=["https://shop.example"],
    )


@pytest.fixture
def provider(account):
    return IdentityProviderFactory(
        account=account, issuer=tokens.ISSUER, public_key=tokens.pem(tokens.rsa_key())
    )


@pytest.fixture
def sdk(account, provider):
    """The SDK's calls, as `anna` unless told otherwise: `sdk.get("devices")`."""
    return Sdk(account)


@cache
def shared_client():
    """One for all: it keeps nothing between calls, and loading the middleware takes a while."""
    return Client(raise_request_exception=False)


class Sdk:
    def __init__(self, account, token=None, **headers):
        self.account = account
        self.token = token
        self.headers = headers
        self.client = shared_client()

    def signed_in(self, sub, **claims):
        return Sdk(self.account, tokens.sign(tokens.claims(sub=sub, **claims)))

    def bearing(self, token):
        return Sdk(self.account, token)

    def from_origin(self, origin):
        return Sdk(self.account, self.token, Origin=origin)

    def url(self, path):
        return f"/api/sdk/v1/account/{self.account.number}/{path}"

    def call(self, method, path, body=None, **headers):
        token = self.token if self.token is not None else tokens.sign()
        sent = {"Authorization": f"Bearer {token}"} | self.headers | headers
        kwargs = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(self.client, method)(self.url(path), headers=sent, **kwargs)

    def get(self, path, **headers):
        return self.call("get", path, **headers)

    def post(self, path, body=None, **headers):
        return self.call("post", path, body if body is not None else {}, **headers)

    def patch(self, path, body):
        return self.call("patch", path, body)

    def delete(self, path):
        return self.call("delete", path)


@pytest.fixture
def phone():
    """The body that registers a phone."""
    return {
        "appName": "com.brand.app",
        "platform": "ios",
        "token": "a-token",
        "sdkVersion": "6.22.0",
    }
