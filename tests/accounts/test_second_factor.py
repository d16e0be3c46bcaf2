"""G1: a code of an authenticator app after the password, recovery codes, and who must have one."""

import time
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from cryptography.fernet import Fernet
from django.contrib.auth import get_user
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from accounts.forms import SECOND_FACTOR_FAILURES
from accounts.models import Account, Role, User
from tests.factories.accounts import (
    PASSWORD,
    AccountFactory,
    MembershipFactory,
    UserFactory,
    member,
)
from tests.live import free_port

pytestmark = pytest.mark.django_db
ON = "/profile/two-factor/on/"


def sign_in(client: Client, user: User) -> Any:
    return client.post("/sign-in/", {"username": user.email, "password": PASSWORD})


def again(client: Client) -> None:
    """Type the password once more, as the profile asks."""
    client.post("/sign-in/again/", {"password": PASSWORD})


def code_of(secret: str, *, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


@pytest.fixture
def user() -> User:
    return UserFactory(email="ann@brand.example", password=PASSWORD)


@pytest.fixture
def secret(client: Client, user: User) -> str:
    """Of the factor that the person has set up, in a browser of their own."""
    browser = Client()
    sign_in(browser, user)
    again(browser)
    shown: str = browser.get(ON).context["form"].secret
    done = browser.post(ON, {"code": code_of(shown, steps=-1)})
    assert done["Location"] == "/profile/recovery-codes/"
    return shown


def test_setting_it_up_asks_for_the_password_again(client: Client, user: User) -> None:
    sign_in(client, user)

    asked = client.get(ON)

    assert urlsplit(asked["Location"]).path == "/sign-in/again/"
    again(client)
    assert "QR code" in client.get(ON).content.decode()


def test_a_wrong_first_code_switches_nothing_on(client: Client, user: User) -> None:
    sign_in(client, user)
    again(client)
    client.get(ON)

    answer = client.post(ON, {"code": "000000"})

    assert "Incorrect code" in answer.content.decode()
    assert not Authenticator.objects.exists()


def test_the_secret_is_encrypted_at_rest(secret: str) -> None:
    kept = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]

    assert secret not in kept
    assert kept.startswith("gAAAA")


def test_the_password_alone_no_longer_signs_in(client: Client, user: User, secret: str) -> None:
    answer = sign_in(client, user)

    assert answer["Location"] == "/sign-in/code/"
    assert not get_user(client).is_authenticated
    client.post("/sign-in/code/", {"code": code_of(secret)})
    assert get_user(client) == user


def test_the_second_step_leads_where_the_first_was_asked_to(
    client: Client, user: User, secret: str
) -> None:
    form = {"username": user.email, "password": PASSWORD, "next": "/profile/sessions/"}
    client.post("/sign-in/", form)

    done = client.post("/sign-in/code/", {"code": code_of(secret)})

    assert done["Location"] == "/profile/sessions/"


def test_a_code_is_good_once(client: Client, user: User, secret: str) -> None:
    """Also where the library has forgotten that it was used, as it does after half a minute."""
    code = code_of(secret)
    sign_in(client, user)
    client.post("/sign-in/code/", {"code": code})
    cache.delete(f"allauth.mfa.totp.used?user={user.pk}&code={code}")

    other = Client()
    sign_in(other, user)
    other.post("/sign-in/code/", {"code": code})

    assert not get_user(other).is_authenticated


def test_codes_are_throttled(client: Client, user: User, secret: str) -> None:
    sign_in(client, user)
    for _ in range(SECOND_FACTOR_FAILURES.failures):
        client.post("/sign-in/code/", {"code": "000000"})

    answer = client.post("/sign-in/code/", {"code": code_of(secret)})

    assert "Too many tries" in answer.content.decode()
    assert not get_user(client).is_authenticated


def test_a_recovery_code_opens_once(client: Client, user: User, secret: str) -> None:
    codes = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap()
    code = codes.get_unused_codes()[0]
    for browser in (client, Client()):
        sign_in(browser, user)
        browser.post("/sign-in/code/", {"code": code})

    assert get_user(client) == user
    assert not get_user(browser).is_authenticated


def test_a_changed_field_key_locks_nobody_out(
    client: Client, user: User, secret: str, settings: Any
) -> None:
    spare = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap()
    code = spare.get_unused_codes()[0]
    fresh = Fernet.generate_key().decode()

    settings.FIELD_KEYS = [fresh, *settings.FIELD_KEYS]
    call_command("rotate_field_keys", stdout=StringIO())
    settings.FIELD_KEYS = [fresh]

    for browser, factor in ((client, code_of(secret)), (Client(), code)):
        sign_in(browser, user)
        browser.post("/sign-in/code/", {"code": factor})
        assert get_user(browser) == user


def test_without_redis_no_code_is_taken(
    client: Client, user: User, secret: str, settings: Any
) -> None:
    """S: whether a code was used before could not be known."""
    sign_in(client, user)
    broken = {**settings.CACHES["default"], "LOCATION": f"redis://127.0.0.1:{free_port()}"}
    settings.CACHES = {"default": broken}

    answer = client.post("/sign-in/code/", {"code": code_of(secret)})

    assert "can&#x27;t be checked now" in answer.content.decode()
    assert not get_user(client).is_authenticated


def test_switching_it_off_asks_again_and_takes_the_recovery_codes_along(
    client: Client, user: User, secret: str
) -> None:
    sign_in(client, user)
    client.post("/sign-in/code/", {"code": code_of(secret)})
    assert client.post("/profile/two-factor/off/")["Location"].startswith("/sign-in/again/")

    again(client)
    client.post("/profile/two-factor/off/")

    assert not Authenticator.objects.exists()


@pytest.fixture
def strict(user: User) -> Account:
    """A brand that asks its administrators for a second factor; the person is one."""
    account = AccountFactory(requires_two_factor=True)
    MembershipFactory(user=user, account=account, role=Role.ADMINISTRATOR)
    return account


def test_an_administrator_without_one_is_led_to_set_it_up(
    client: Client, user: User, strict: Account
) -> None:
    client.force_login(user)

    answer = client.get(f"/account/{strict.number}/")

    assert (answer.status_code, answer["Location"]) == (302, ON)


def test_django_admin_shows_them_nothing_of_the_brand_until_then(
    client: Client, user: User, strict: Account, request: pytest.FixtureRequest
) -> None:
    client.force_login(user)
    page = f"/admin/accounts/account/{strict.pk}/change/"
    assert client.get(page).status_code != 200

    request.getfixturevalue("secret")

    assert client.get(page).status_code == 200


def test_who_may_only_manage_campaigns_is_not_asked(client: Client, strict: Account) -> None:
    client.force_login(member(Role.CAMPAIGN_MANAGER, strict))

    assert client.get(f"/account/{strict.number}/")["Location"] != ON
