"""G1: single sign-on through a company's own identity provider, by OpenID Connect."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user
from django.test import Client

from accounts.mail import invitation_url
from accounts.models import Membership, Role
from accounts.services import invite_user
from tests.accounts.company_idp import CLIENT_ID, CLIENT_SECRET, CompanyIdp, running_company
from tests.factories.accounts import PASSWORD, AccountFactory, UserFactory

pytestmark = pytest.mark.django_db
MAIL = "ann@brand.example"


@pytest.fixture
def company(settings: Any) -> Iterator[CompanyIdp]:
    with running_company() as idp:
        app = {
            "provider_id": "company",
            "name": "Larkfield ID",
            "client_id": CLIENT_ID,
            "secret": CLIENT_SECRET,
            "settings": {"server_url": idp.url},
        }
        settings.OIDC_SERVER_URL, settings.OIDC_NAME = idp.url, "Larkfield ID"
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}
        }
        idp.person = {"sub": "42", "email": MAIL, "email_verified": True, "name": "Ann"}
        yield idp


def come_back(client: Client, *, code: str = "good-code", path: str = "") -> Any:
    """Go to the company and return as its pages would send the browser back."""
    out = client.get(f"/sign-in/company/{path}")
    state = parse_qs(urlsplit(out["Location"]).query)["state"][0]
    return client.get("/sign-in/company/callback/", {"code": code, "state": state}, follow=True)


def test_the_sign_in_page_offers_the_company_only_where_there_is_one(
    company: CompanyIdp, settings: Any, client: Client
) -> None:
    assert "Sign in with Larkfield ID" in client.get("/sign-in/").content.decode()

    settings.OIDC_SERVER_URL = ""

    assert "Sign in with" not in client.get("/sign-in/").content.decode()


def test_the_company_is_asked_with_state_and_pkce(company: CompanyIdp, client: Client) -> None:
    out = client.get("/sign-in/company/")

    asked = parse_qs(urlsplit(out["Location"]).query)
    assert out["Location"].startswith(f"{company.url}/authorize?")
    assert asked["client_id"] == [CLIENT_ID]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"]


def test_who_was_invited_is_signed_in_by_their_verified_address(
    company: CompanyIdp, client: Client
) -> None:
    user = UserFactory(email="Ann@Brand.example", password=PASSWORD)

    come_back(client)

    assert get_user(client) == user
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_person_is_known_again_when_their_address_has_changed(
    company: CompanyIdp, client: Client
) -> None:
    user = UserFactory(email=MAIL)
    come_back(client)
    company.codes.add("good-code")
    company.person = {"sub": "42", "email": "ann.b@brand.example", "email_verified": True}

    again = Client()
    come_back(again)

    assert get_user(again) == user


@pytest.mark.parametrize("person", [{"email": "bob@brand.example"}, {"email_verified": False}, {}])
def test_nobody_else_comes_in(company: CompanyIdp, client: Client, person: dict[str, Any]) -> None:
    UserFactory(email=MAIL, is_active=bool(person))
    company.person |= person

    answer = come_back(client)

    assert not get_user(client).is_authenticated
    assert "Nobody has invited you" in answer.content.decode()


def test_a_code_that_the_company_does_not_know_opens_nothing(
    company: CompanyIdp, client: Client
) -> None:
    UserFactory(email=MAIL)

    answer = come_back(client, code="made-up")

    assert not get_user(client).is_authenticated
    assert "did not work" in answer.content.decode()


def test_an_answer_that_nobody_asked_for_opens_nothing(company: CompanyIdp, client: Client) -> None:
    UserFactory(email=MAIL)

    client.get("/sign-in/company/callback/", {"code": "good-code", "state": "made-up"})

    assert not get_user(client).is_authenticated
    assert company.asked == []


def test_without_a_company_its_door_does_not_exist(client: Client) -> None:
    assert client.get("/sign-in/company/").status_code == 404


def test_an_inviter_chooses_no_password_for_who_came_through_the_company(
    company: CompanyIdp, client: Client
) -> None:
    invited = invite_user(account=AccountFactory(), email=MAIL, name="", role=Role.AGENT, by="me")
    come_back(client)
    membership = Membership.objects.get(pk=invited.membership.pk)

    page = Client().get(urlsplit(invitation_url(membership)).path, follow=True)

    assert "used up" in page.content.decode()


def test_who_is_signed_in_stays_who_they_are_when_the_company_names_another(
    company: CompanyIdp, client: Client
) -> None:
    UserFactory(email=MAIL)
    eve = UserFactory(email="eve@brand.example")
    client.force_login(eve)

    answer = come_back(client, path="?process=connect")

    assert answer.redirect_chain[-1][0] == "/profile/"
    assert get_user(client) == eve
    assert not SocialAccount.objects.filter(user=eve).exists()
