"""B4, S-rules: every page of the console × every role, strangers and passers-by, to the status."""

from collections.abc import Sequence
from http import HTTPStatus

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client

from accounts.models import Role, User
from accounts.roles import PERMISSIONS
from tests.campaigns.caller import hang_up
from tests.factories.accounts import AccountFactory
from tests.pages import ANYBODY, LOOKS, PAGES, PageRoute, console_views
from tests.world import ROLES, World, make_world

# Each test asks for all pages of one world, and takes back what each has changed.


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def ask(route: PageRoute, url: str, *, client: Client) -> int:
    call = client.post if route.method == "POST" else client.get
    answer = call(url, headers={"accept": "text/html"})
    if answer.streaming:
        # A live view goes on for as long as somebody holds it.
        hang_up(answer)
    return int(answer.status_code)


def answers(world: World, client: Client, routes: Sequence[PageRoute] = PAGES) -> dict[str, int]:
    """The status of each page to this browser."""
    found = {}
    for route in routes:
        url = route.url(world)
        with transaction.atomic():
            found[str(route)] = ask(route, url, client=client)
            transaction.set_rollback(True)
    return found


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_the_pages_that_it_may(role: Role, world: World) -> None:
    may = PERMISSIONS[role] | {ANYBODY}
    expected = {
        str(route): route.ok if route.permission in may else HTTPStatus.FORBIDDEN for route in PAGES
    }

    assert answers(world, browser_of(world.people[role])) == expected


def test_another_brands_pages_do_not_exist(world: World) -> None:
    found = answers(world, browser_of(world.people["stranger"]))

    assert found == dict.fromkeys(found, HTTPStatus.NOT_FOUND)


def test_what_is_another_brands_is_not_found_in_ones_own(world: World) -> None:
    other = make_world(name="Other Bank", mail="other.example")
    client = browser_of(other.administrator)

    found = {
        str(route): ask(route, route.url(world, account_number=other.account.number), client=client)
        for route in PAGES
        if route.has_object
    }

    assert found == dict.fromkeys(found, HTTPStatus.NOT_FOUND)


def test_who_has_not_signed_in_is_asked_to(world: World) -> None:
    for route in PAGES:
        answer = Client().generic(route.method, route.url(world))
        assert answer.status_code == HTTPStatus.FOUND, route
        assert answer.headers["Location"].startswith(settings.LOGIN_URL), route


def test_a_brand_that_is_not_there_is_answered_like_a_strangers(world: World) -> None:
    client = browser_of(world.administrator)

    assert client.get("/account/999999999999/").status_code == HTTPStatus.NOT_FOUND
    assert AccountFactory(number=999999999999)
    assert client.get("/account/999999999999/").status_code == HTTPStatus.NOT_FOUND


def test_s14_no_form_of_the_console_is_taken_without_its_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.administrator)

    found = answers(world, client, [route for route in PAGES if route.method == "POST"])

    assert found == dict.fromkeys(found, HTTPStatus.FORBIDDEN)


def test_s15_no_page_of_the_console_is_framed_or_kept_by_a_browser(world: World) -> None:
    client = browser_of(world.administrator)

    for route in LOOKS:
        headers = client.get(route.url(world)).headers
        assert headers["X-Frame-Options"] == "DENY", route
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], route
        assert "no-store" in headers["Cache-Control"], route


def test_every_view_of_the_console_is_in_the_matrix() -> None:
    assert set(console_views()) == {route.view for route in PAGES}
