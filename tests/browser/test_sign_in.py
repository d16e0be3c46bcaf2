"""G1, G4: signing in, the second factor and one's own profile, in a browser."""

import time
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import sign_in
from tests.factories.accounts import PASSWORD
from tests.world import World

OPEN = ("/sign-in/", "/password/reset/", "/password/reset/sent/", "/nothing/")
OWN = (
    "/profile/",
    "/profile/password/",
    "/profile/sessions/",
    "/sign-in/again/",
)


def code_of(secret: str, *, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def assert_accessible(page: Page) -> None:
    for width in (1440, 320):
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert violations(page) == [], f"{page.url} at {width} px, {scheme}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture
def expects_404(complaints: list[str]) -> Any:
    yield
    complaints[:] = [one for one in complaints if "404" not in one]


def test_pages_for_who_is_not_signed_in_are_accessible(
    page: Page, world: World, live_server: Any, expects_404: None
) -> None:
    for path in OPEN:
        page.goto(f"{live_server.url}{path}")
        assert_accessible(page)


def test_pages_of_ones_own_are_accessible(page: Page, world: World, live_server: Any) -> None:
    person = world.administrator
    person.set_password(PASSWORD)
    person.save()
    sign_in(page, person, live_server.url)
    for path in OWN:
        page.goto(f"{live_server.url}{path}")
        assert_accessible(page)


@pytest.mark.parametrize("has_script", [True, False])
def test_a_second_factor_is_set_up_and_asked_for(
    browser: Browser, world: World, live_server: Any, *, has_script: bool
) -> None:
    person = world.campaign_manager
    person.set_password(PASSWORD)
    person.save()
    page = browser.new_context(java_script_enabled=has_script, base_url=live_server.url).new_page()

    page.goto("/profile/")
    type_password(page, person.email)
    page.get_by_role("link", name="Set it up").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    secret = page.locator(".kv code").inner_text()
    page.get_by_label("Code").fill(code_of(secret, steps=-1))
    page.get_by_role("button", name="Switch it on").click()

    expect(page.locator("#codes li")).to_have_count(10)
    if has_script:
        assert_accessible(page)
    page.get_by_role("link", name="Done").click()
    expect(page.locator(".chip")).to_have_text("On")

    page.context.clear_cookies()
    page.goto("/profile/sessions/")
    type_password(page, person.email)
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Where you are signed in")
    page.context.close()


def type_password(page: Page, email: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
