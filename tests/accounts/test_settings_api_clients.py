"""Settings, API: clients and their secrets, as an administrator has them."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.settings import oauth2_settings

from accounts import tokens
from accounts.models import Account, ApiClient, AuditEvent, Role, User
from accounts.services import rotate_secret
from tests.factories.accounts import AccountFactory, ApiClientFactory, bearer, member
from tests.settings_pages import path_of, secret_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return AccountFactory()


@pytest.fixture(autouse=True)
def administrator(account, client) -> User:
    user = member(Role.ADMINISTRATOR, account, email="ann@brand.example", name="Ann Lind")
    client.force_login(user)
    return user


def works(made: ApiClient, secret: str) -> bool:
    found = tokens.find_client(client_id=made.client_id, secret=secret, now=timezone.now())
    return found == made


def status_of(headers: dict[str, str], account: Account) -> int:
    return Client().get(f"/api/v2/account/{account.number}/campaign", headers=headers).status_code


def form(**changed: Any) -> dict[str, Any]:
    return {"name": "CRM", "scopes": ["campaigns:send"], "client_id": str(uuid4()), **changed}


def rotation(made: ApiClient) -> dict[str, Any]:
    return {"hours": 2, "newest": str(made.secrets.latest("pk").pk)}


def test_a1_a_new_client_s_secret_works_and_is_told_in_that_answer_only(client, account):
    answer = client.post(path_of("settings_api_new", account), form())

    made = account.api_clients.get()
    secret = secret_of(answer)
    assert works(made, secret)
    assert "You can read this page" not in text_of(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    pages = [path_of("settings_api", account), path_of("settings_api_client", account, made.pk)]
    assert not any(secret in client.get(page).content.decode() for page in pages)
    assert secret not in str(dict(client.session))
    assert not any(secret in str(event.changes) for event in AuditEvent.objects.all())


def test_s20_no_secret_of_a_page_is_logged(client, account, caplog):
    with caplog.at_level("DEBUG"):
        first = secret_of(client.post(path_of("settings_api_new", account), form()))
        made = account.api_clients.get()
        page = path_of("settings_api_rotate", account, made.pk)
        second = secret_of(client.post(page, rotation(made)))

    assert path_of("settings_api_new", account) in caplog.text
    assert first not in caplog.text
    assert second not in caplog.text


def test_a_form_that_is_sent_twice_makes_one_client(client, account):
    twice = form()
    client.post(path_of("settings_api_new", account), twice)

    again = client.post(path_of("settings_api_new", account), twice, follow=True)

    assert account.api_clients.count() == 1
    assert "made already" in text_of(again)
    assert '<code id="secret">' not in again.content.decode()


def test_another_brand_s_client_id_makes_nothing_and_says_nothing(client, account):
    taken = ApiClientFactory(client_id=str(uuid4()))

    answer = client.post(path_of("settings_api_new", account), form(client_id=taken.client_id))

    assert answer.status_code == 404
    assert not account.api_clients.exists()


def test_every_scope_says_what_it_allows(client, account):
    cards = client.get(path_of("settings_api_new", account)).context["form"].scope_cards()

    assert len(cards) == len(oauth2_settings.SCOPES)
    assert [card.title for card in cards if not card.text] == []


def test_a_client_without_a_name_or_a_scope_is_refused_beside_the_fields(client, account):
    answer = client.post(path_of("settings_api_new", account), form(name="", scopes=[]))

    assert answer.context["form"].errors == {
        "name": ["This field is required."],
        "scopes": ["Choose at least one."],
    }


def test_a1_a_rotated_secret_works_beside_the_one_before(client, account):
    made = ApiClientFactory(account=account)

    secret = secret_of(
        client.post(path_of("settings_api_rotate", account, made.pk), rotation(made))
    )

    assert works(made, secret)
    assert works(made, made.secret)
    left = made.secrets.earliest("pk").valid_until - timezone.now()
    assert 7100 < left.total_seconds() <= 7200


def test_a_rotation_that_is_sent_twice_ends_no_secret(client, account):
    made = ApiClientFactory(account=account)
    twice = rotation(made)
    secret = secret_of(client.post(path_of("settings_api_rotate", account, made.pk), twice))

    again = client.post(path_of("settings_api_rotate", account, made.pk), twice, follow=True)

    assert "rotated meanwhile" in text_of(again)
    assert made.secrets.count() == 2
    assert works(made, secret)
    assert works(made, made.secret)


def test_the_page_of_a_rotation_says_which_secret_ends_now(client, account):
    made = ApiClientFactory(account=account)
    rotate_secret(client=made, by="tests")
    oldest = made.secrets.earliest("pk")

    answer = client.get(path_of("settings_api_rotate", account, made.pk))

    assert f"An older one ends now: {oldest}" in text_of(answer)


def test_a_revoked_secret_and_its_tokens_end_now_as_the_page_said(client, account):
    made = ApiClientFactory(account=account)
    headers = bearer(made)
    before = status_of(headers, account)
    page = path_of("settings_api_revoke", account, made.pk, made.secrets.get().pk)

    said = text_of(client.get(page))
    client.post(page)

    assert "1 access token ends with it" in said
    assert "It is the last one that works" in said
    assert not works(made, made.secret)
    assert (before, status_of(headers, account)) == (200, 401)


def test_a_secret_of_another_client_is_not_revoked_through_this_one(client, account):
    made, other = ApiClientFactory(account=account), ApiClientFactory(account=account)

    page = path_of("settings_api_revoke", account, made.pk, other.secrets.get().pk)

    assert client.post(page).status_code == 404
    assert works(other, other.secret)


def test_a_client_that_is_switched_off_twice_stays_off_until_it_is_switched_on(client, account):
    made = ApiClientFactory(account=account)
    page = path_of("settings_api_switch", account, made.pk)

    for _ in range(2):
        client.post(page, {"to": "off"})
    was_off = works(made, made.secret)
    client.post(page, {"to": "on"})

    assert not was_off
    assert works(made, made.secret)


def test_a_client_that_loses_a_scope_loses_its_tokens(client, account):
    made = ApiClientFactory(account=account)
    headers = bearer(made)
    before = status_of(headers, account)

    client.post(
        path_of("settings_api_edit", account, made.pk),
        {"name": "CRM 2", "scopes": ["campaigns:send"]},
    )

    made.refresh_from_db()
    assert (made.name, made.scopes) == ("CRM 2", ["campaigns:send"])
    assert (before, status_of(headers, account)) == (200, 401)


def test_a_campaign_manager_reads_the_clients_without_secrets_and_is_told_who_changes_them(
    client, account
):
    made = ApiClientFactory(account=account)
    client.force_login(member(Role.CAMPAIGN_MANAGER, account))

    listed = client.get(path_of("settings_api", account))
    one = client.get(path_of("settings_api_client", account, made.pk))

    for answer in (listed, one):
        assert "Administrators change it: Ann Lind." in text_of(answer)
        assert made.client_id in text_of(answer)
        assert str(made.secrets.get()) not in answer.content.decode()
        assert 'class="btn btn--primary"' not in answer.content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_clients_costs_the_same_however_long_it_is(
    client, account, rows, django_assert_num_queries
):
    for _ in range(rows):
        rotate_secret(client=ApiClientFactory(account=account), by="tests")

    with django_assert_num_queries(6):
        client.get(path_of("settings_api", account))
