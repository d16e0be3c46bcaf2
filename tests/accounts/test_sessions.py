"""S13, S14, S17: whose session it is, when it ends, and who may not use it."""

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.forms import SIGN_IN_FAILURES
from accounts.models import User
from accounts.tasks import forget_sessions
from tests.factories.accounts import PASSWORD, UserFactory
from tests.routes import PREFIXES

pytestmark = pytest.mark.django_db
NEW = "tidvatten och kanelbullar"


@pytest.fixture
def user() -> User:
    return UserFactory(email="ann@brand.example", password=PASSWORD)


def signed_in(user: User, client: Client | None = None) -> Client:
    client = client or Client()
    client.post("/sign-in/", {"username": user.email, "password": PASSWORD})
    assert get_user(client) == user
    return client


def key_of(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def test_s13_a_session_from_before_signing_in_is_left_behind(user: User, client: Client) -> None:
    client.get("/profile/")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = planted

    signed_in(user, client)

    assert key_of(client) != planted
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert not get_user(thief).is_authenticated


def test_s13_a_session_that_was_signed_out_of_is_dead(user: User) -> None:
    client = signed_in(user)
    kept = key_of(client)

    client.post("/sign-out/")

    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = kept
    assert thief.get("/profile/").status_code == 302


def test_s13_a_new_password_ends_the_other_sessions(user: User) -> None:
    here, there = signed_in(user), signed_in(user)

    here.post("/profile/password/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})

    assert here.get("/profile/").status_code == 200
    assert there.get("/profile/").status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_s13_a_wrong_old_password_changes_nothing(user: User) -> None:
    here = signed_in(user)

    answer = here.post(
        "/profile/password/", {"oldpassword": "guess", "password1": NEW, "password2": NEW}
    )

    assert "This is not your password." in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_who_has_no_password_is_offered_none_to_change(client: Client) -> None:
    client.force_login(UserFactory())

    assert "Change the password" not in client.get("/profile/").content.decode()
    assert client.get("/profile/password/", follow=True).request["PATH_INFO"] == "/profile/"


def test_a_borrowed_session_cannot_go_through_passwords_until_one_is_right(user: User) -> None:
    here = signed_in(user)
    form = {"oldpassword": "guess", "password1": NEW, "password2": NEW}

    for _ in range(SIGN_IN_FAILURES.failures):
        here.post("/profile/password/", form)
    answer = here.post("/profile/password/", {**form, "oldpassword": PASSWORD})

    assert "Too many tries" in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_s13_a_person_who_was_switched_off_is_out_at_once(user: User) -> None:
    client = signed_in(user)

    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get("/profile/").status_code == 302


def test_the_sessions_are_listed_and_the_others_ended(user: User) -> None:
    here, there = signed_in(user), signed_in(user, Client(headers={"user-agent": "Netscape 4"}))
    here.get("/profile/sessions/")
    listed = here.get("/profile/sessions/").content.decode()

    here.post("/profile/sessions/")

    assert "Netscape 4" in listed
    assert here.get("/profile/sessions/").status_code == 200
    assert there.get("/profile/").status_code == 302


def test_sessions_that_have_ended_leave_the_database(user: User) -> None:
    ended, live = signed_in(user), signed_in(user)
    now = timezone.now()
    Session.objects.filter(session_key=key_of(ended)).update(expire_date=now)

    forget_sessions()

    assert Session.objects.get().session_key == key_of(live)
    assert UserSession.objects.get().session_key == key_of(live)
    assert live.get("/profile/").status_code == 200


@pytest.mark.parametrize(
    ("forwarded", "shown"),
    [("10.0.0.1, 203.0.113.9", "203.0.113.9"), ("2001:db8::1", "2001:db8::1"), ("_", "127.0.0.1")],
)
def test_a_session_is_listed_with_its_own_address_and_not_the_proxys(
    user: User, forwarded: str, shown: str
) -> None:
    here = signed_in(user, Client(headers={"x-forwarded-for": forwarded}))

    assert f"<p>{shown} · since" in here.get("/profile/sessions/").content.decode()


def test_s17_thirty_tries_from_made_up_addresses_are_still_counted(user: User) -> None:
    """What a caller writes into X-Forwarded-For stands before what the proxy appends."""
    client = Client()
    codes = [
        client.post(
            "/sign-in/",
            {"username": user.email, "password": "guess"},
            headers={"x-forwarded-for": f"10.0.0.{n}, 203.0.113.9"},
        ).status_code
        for n in range(30)
    ]

    assert codes == [200] * SIGN_IN_FAILURES.failures + [429] * (30 - SIGN_IN_FAILURES.failures)


# What the paths of pages name, where no brand is needed to get as far as the check.
NAMED = {
    "account_number": 1,
    "device_id": 1,
    "key": "x",
    "uidb64": "x",
    "token": "x",
    "provider_id": "company",
    "name": "sw.js",
}


def pages() -> list[str]:
    """Every path outside the API, Django admin and the console, which has a matrix of its own."""
    found = []
    for prefix, name in _named(get_resolver().url_patterns):
        if name and not prefix.startswith((*PREFIXES, "admin/", "^account/")):
            found.append(name)
    return sorted(set(found))


def _named(patterns: list[Any], prefix: str = "", space: str = "") -> Any:
    for one in patterns:
        path = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            inner = f"{one.namespace}:" if one.namespace else ""
            yield from _named(one.url_patterns, path, space + inner)
        elif isinstance(one, URLPattern):
            yield path, one.name and space + one.name


def _path(name: str) -> str:
    for count in range(3):
        for chosen in _choices(count):
            try:
                return reverse(name, kwargs=chosen)
            except NoReverseMatch:
                continue  # it names other things, or more
    raise AssertionError(f"NAMED lacks something that {name} names.")


def _choices(count: int) -> list[dict[str, Any]]:
    names = list(NAMED)
    if count == 0:
        return [{}]
    if count == 1:
        return [{one: NAMED[one]} for one in names]
    return [{a: NAMED[a], b: NAMED[b]} for a in names for b in names if a < b]


@pytest.mark.parametrize("name", pages())
def test_s14_nothing_is_posted_from_elsewhere(user: User, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    assert client.post(_path(name)).status_code == 403
