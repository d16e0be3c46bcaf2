"""B4, S-rules: every page of the console × every role, strangers and passers-by, to the status."""

from http import HTTPStatus

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from accounts.roles import PERMISSIONS
from tests.factories.accounts import AccountFactory
from tests.pages import LOOKS, PAGES, PageRoute, console_views
from tests.world import ROLES, World, make_world

each_page = pytest.mark.parametrize("route", PAGES, ids=str)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def ask(route: PageRoute, url: str, *, client: Client) -> int:
    call = client.post if route.method == "POST" else client.get
    return int(call(url, headers={"accept": "text/html"}).status_code)


def status_for(user: User, route: PageRoute, url: str) -> int:
    client = Client()
    client.force_login(user)
    return ask(route, url, client=client)


@each_page
def test_a_role_opens_the_pages_that_it_may_and_a_stranger_finds_none(
    route: PageRoute, world: World
) -> None:
    url = route.url(world)
    may = {role: route.permission in PERMISSIONS[role] for role in ROLES}

    # Those who may not come first: what they post must change nothing.
    found = {
        role: status_for(world.people[role], route, url) for role in sorted(ROLES, key=may.get)
    }
    stranger = status_for(world.people["stranger"], route, url)

    assert found == {role: route.ok if may[role] else HTTPStatus.FORBIDDEN for role in ROLES}
    assert stranger == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("route", [one for one in PAGES if one.has_object], ids=str)
def test_what_is_another_brands_is_not_found_in_ones_own(route: PageRoute, world: World) -> None:
    other = make_world(name="Other Bank", mail="other.example")
    client = Client()
    client.force_login(other.administrator)

    url = route.url(world, account_number=other.account.number)

    assert ask(route, url, client=client) == HTTPStatus.NOT_FOUND


@each_page
def test_who_has_not_signed_in_is_asked_to(route: PageRoute, world: World) -> None:
    answer = Client().generic(route.method, route.url(world))

    assert answer.status_code == HTTPStatus.FOUND
    assert answer.headers["Location"].startswith(settings.LOGIN_URL)


def test_a_brand_that_is_not_there_is_answered_like_a_strangers(world: World) -> None:
    client = Client()
    client.force_login(world.administrator)

    assert client.get("/account/999999999999/").status_code == HTTPStatus.NOT_FOUND
    assert AccountFactory(number=999999999999)
    assert client.get("/account/999999999999/").status_code == HTTPStatus.NOT_FOUND


def test_s14_no_form_of_the_console_is_taken_without_its_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.administrator)

    answers = {
        str(route): ask(route, route.url(world), client=client)
        for route in PAGES
        if route.method == "POST"
    }

    assert answers == dict.fromkeys(answers, HTTPStatus.FORBIDDEN)


def test_s15_no_page_of_the_console_is_framed_or_kept_by_a_browser(world: World) -> None:
    client = Client()
    client.force_login(world.administrator)

    for route in LOOKS:
        headers = client.get(route.url(world)).headers
        assert headers["X-Frame-Options"] == "DENY", route
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], route
        assert "no-store" in headers["Cache-Control"], route


def test_every_view_of_the_console_is_in_the_matrix() -> None:
    assert set(console_views()) == {route.view for route in PAGES}
