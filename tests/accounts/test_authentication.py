"""The door of the brand API."""

from datetime import timedelta

import pytest
from django.urls import path, re_path
from django.utils import timezone
from rest_framework.response import Response

from accounts import tokens
from accounts.authentication import BrandView
from accounts.models import ApiClient
from tests.factories.accounts import AccountFactory, ApiClientFactory, bearer

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class Thing(BrandView):
    required_scope = {"GET": "campaigns:read", "POST": "campaigns:send"}

    def get(self, request, **kwargs):
        return Response({"account": self.account.number, "client": self.client.client_id})

    def post(self, request, **kwargs):
        return Response({})


class Forgotten(BrandView):
    required_scope = {}

    def get(self, request, **kwargs):
        return Response({})


urlpatterns = [
    re_path(r"^api/v2/account/(?P<account_number>[0-9]{1,18})/thing/?$", Thing.as_view()),
    path("api/v2/account/<int:account_number>/forgotten", Forgotten.as_view()),
]


def get(client, number, token=None, path="thing"):
    headers = {"authorization": token} if token else {}
    return client.get(f"/api/v2/account/{number}/{path}", headers=headers)


def minted(api_client, *, age=timedelta(0)):
    token = tokens.new_secret()
    row = tokens.mint(
        client=api_client, token=token, scopes=api_client.scopes, now=timezone.now() - age
    )
    return token, tokens.signed(row, now=timezone.now() - age)


@pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", ""])
@pytest.mark.parametrize("kind", [0, 1])
def test_bearer_and_bare_tokens_open_the_account(client, prefix, kind):
    brand_system = ApiClientFactory()
    token = minted(brand_system)[kind]

    response = get(client, brand_system.account.number, prefix + token)

    assert response.status_code == 200, response.content
    assert response.json() == {
        "account": brand_system.account.number,
        "client": brand_system.client_id,
    }


@pytest.mark.parametrize("kind", [0, 1])
def test_an_expired_token_is_told_in_liveperson_s_words(client, kind):
    brand_system = ApiClientFactory()
    token = minted(brand_system, age=timedelta(hours=1, seconds=1))[kind]

    response = get(client, brand_system.account.number, f"Bearer {token}")

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert (response.json()["code"], response.json()["message"]) == (0, "jwt expired")


def test_an_expired_jwt_is_told_even_when_its_row_is_gone(client):
    brand_system = ApiClientFactory()
    token = minted(brand_system, age=timedelta(days=3))[1]
    tokens.forget_expired(now=timezone.now())

    response = get(client, brand_system.account.number, token)

    assert response.json()["message"] == "jwt expired"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer",
        "Bearer ",
        "Bearer nothing",
        "nothing",
        "Basic YTpi",
        "Bearer a b",
        "Bearer " + "x" * 5000,
        "Bearer a.b.c",
        "Bearer é",
    ],
)
def test_without_a_known_token_nobody_is_let_in(client, header):
    brand_system = ApiClientFactory()

    response = get(client, brand_system.account.number, header)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["errorKey"] == "unauthenticated"


def test_another_account_s_token_finds_nothing(client):
    brand_system = ApiClientFactory()
    headers = bearer(brand_system)

    theirs = get(client, AccountFactory().number, headers["authorization"])
    nobody_s = get(client, 1, headers["authorization"])

    assert (theirs.status_code, nobody_s.status_code) == (404, 404)
    assert theirs.json()["message"] == nobody_s.json()["message"]


def test_a_token_without_the_scope_is_refused(client):
    reader = ApiClientFactory(scopes=["campaigns:read"])
    url = f"/api/v2/account/{reader.account.number}/thing/"

    may, may_not = client.get(url, headers=bearer(reader)), client.post(url, headers=bearer(reader))

    assert (may.status_code, may_not.status_code) == (200, 403)
    assert "campaigns:send" in may_not.json()["message"]


def test_a_method_without_a_scope_is_a_fault_of_ours(client):
    brand_system = ApiClientFactory()
    client.raise_request_exception = False

    response = client.get(
        f"/api/v2/account/{brand_system.account.number}/forgotten", headers=bearer(brand_system)
    )

    assert response.status_code == 500


def test_a_disabled_client_s_token_opens_nothing(client):
    brand_system = ApiClientFactory()
    headers = bearer(brand_system)
    ApiClient.objects.filter(pk=brand_system.pk).update(is_enabled=False)

    assert get(client, brand_system.account.number, headers["authorization"]).status_code == 401


def test_last_use_is_noted_at_most_once_a_minute():
    brand_system, now = ApiClientFactory(), timezone.now()
    token = minted(brand_system)[0]

    noted = []
    for wait in (0, 30, 59, 61):
        tokens.look_up(token, now=now + timedelta(seconds=wait))
        brand_system.refresh_from_db()
        noted.append((brand_system.last_used_at - now).total_seconds())

    assert noted == [0, 0, 0, 61]


@pytest.mark.parametrize("kind", [0, 1])
def test_authenticating_takes_one_query(kind, django_assert_num_queries):
    token = minted(ApiClientFactory())[kind]
    tokens.look_up(token, now=timezone.now())

    with django_assert_num_queries(1):
        grant = tokens.look_up(token, now=timezone.now())
        assert grant.client.account.number
