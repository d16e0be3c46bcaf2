"""G2: the jobs of the settings, as an administrator does them in a browser."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import ApiClient, Membership, Role
from tests.browser.conftest import sign_in
from tests.factories.accounts import member
from tests.world import World
from webhooks.delivery import deliver
from webhooks.models import WebhookEndpoint

Goto = Callable[[str], None]


@pytest.fixture
def goto(page: Page, world: World, live_server: Any) -> Goto:
    """Opens a page of the settings as the administrator."""
    sign_in(page, world.administrator, live_server.url)
    root = f"{live_server.url}/account/{world.account.number}/settings/"
    return lambda path: page.goto(f"{root}{path}") and None


@pytest.fixture
def without_scripts(browser: Browser, world: World, live_server: Any) -> Iterator[Page]:
    with closing(browser.new_context(java_script_enabled=False)) as context:
        page = context.new_page()
        sign_in(page, world.administrator, live_server.url)
        page.goto(f"{live_server.url}/account/{world.account.number}/settings/")
        yield page


@pytest.fixture
def newcomer(browser: Browser, world: World) -> Iterator[Page]:
    """Somebody else's browser."""
    with closing(browser.new_context()) as context:
        yield context.new_page()


def _path(link: str) -> str:
    return urlsplit(link).path


def test_a_client_is_added_rotated_and_its_old_secret_revoked(page: Page, goto: Goto) -> None:
    goto("")
    page.get_by_role("link", name="Add a client").click()
    page.get_by_role("button", name="Add the client").click()
    page.get_by_label("Name").fill("Ledger")
    page.get_by_label("Read reports").check()
    page.get_by_role("button", name="Add the client").click()
    first = page.locator("#secret").inner_text()
    page.get_by_role("link", name="Go to Ledger").click()
    expect(page.get_by_role("main")).not_to_contain_text(first)

    page.get_by_role("link", name="Rotate").click()
    page.get_by_label("Hours that both secrets work").fill("2")
    page.get_by_role("button", name="Make a new secret").click()
    second = page.locator("#secret").inner_text()
    page.get_by_role("link", name="Go to Ledger").click()
    page.get_by_role("link", name=f"Revoke {first[:4]}").click()
    page.get_by_role("button", name="Revoke it now").click()

    expect(page.get_by_role("status")).to_contain_text("was revoked")
    assert second != first
    made = ApiClient.objects.get(name="Ledger")
    assert "reports:read" in made.scopes
    assert [one.valid_until is None for one in made.secrets.order_by("pk")] == [False, True]


def test_a_person_is_invited_gets_in_and_is_removed(
    page: Page, newcomer: Page, goto: Goto, world: World
) -> None:
    goto("people/invite/")
    page.get_by_label("E-mail").fill("nora@larkfield.example")
    page.get_by_label(re.compile("^Agent manager")).check()
    page.get_by_label("Billing").check()
    page.get_by_role("button", name="Invite").click()
    newcomer.goto(page.url.split("/account/")[0] + _path(page.locator("#link").inner_text()))
    newcomer.get_by_label("New password").fill("a new long pass phrase")
    newcomer.get_by_label("The same again").fill("a new long pass phrase")
    newcomer.get_by_role("button", name="Save the password").click()
    newcomer.goto(page.url.split("/account/")[0] + "/profile/")
    expect(newcomer.get_by_role("main")).to_contain_text("nora@larkfield.example")
    invited = Membership.objects.get(user__email="nora@larkfield.example")
    assert (invited.role, invited.skills.get()) == (Role.AGENT_MANAGER, world.brand.billing)

    goto("people/?who=nora")
    page.get_by_role("link", name="Change role").click()
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove from the brand").click()

    expect(page.get_by_role("status")).to_contain_text("was removed")
    newcomer.reload()
    expect(newcomer).to_have_url(re.compile("/sign-in/"))


def test_the_welcome_message_is_counted_as_it_is_typed(page: Page, goto: Goto) -> None:
    goto("limits/")
    counter = page.locator("[data-counter] b")

    page.get_by_label("Welcome message").fill("Hi 👋\nwe are here")
    expect(counter).to_have_text("16")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status")).to_contain_text("saved")
    expect(counter).to_have_text("16")


def test_skills_and_the_audit_log_work_without_javascript(
    without_scripts: Page, world: World
) -> None:
    page = without_scripts
    page.get_by_role("navigation", name="Settings").get_by_role("link", name="Skills").click()
    page.get_by_role("link", name="Edit Billing").click()
    page.get_by_label("Name").fill("Support")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("has a skill of this name already")
    page.get_by_label("Name").fill("Invoices")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Calls that name “Billing” are refused")

    page.get_by_role("link", name="Audit log").click()
    page.get_by_label("What").select_option("changed a skill")
    page.get_by_role("button", name="Show").click()

    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Name: Billing → Invoices")
    page.get_by_role("link", name="Remove filter: What").click()
    expect(rows.nth(1)).to_be_visible()


@pytest.mark.usefixtures("loopback_egress")
def test_a_webhook_is_added_tested_and_sent_again(
    page: Page, goto: Goto, world: World, live_server: Any
) -> None:
    goto("webhooks/")
    page.get_by_role("link", name="Add a webhook").click()
    page.get_by_label("URL").fill("https://169.254.169.254/")
    page.get_by_label("recipient.sent").check()
    page.get_by_role("button", name="Add the webhook").click()
    expect(page.locator(".field--error")).to_contain_text("address")
    page.get_by_label("URL").fill(f"{live_server.url}/health")
    page.get_by_role("button", name="Add the webhook").click()
    assert page.locator("#secret").inner_text().startswith("whsec_")
    page.get_by_role("link", name="Go to the webhook").click()

    page.get_by_role("button", name="Send a test event").click()
    expect(page.locator("#answer")).to_contain_text("Waiting")
    deliver()
    # Told by itself: nobody reloads.
    expect(page.locator("#answer")).to_contain_text("HTTP", timeout=15_000)
    endpoint = WebhookEndpoint.objects.latest("pk")
    endpoint.deliveries.update(state="dead", finished_at=endpoint.created_at)
    page.get_by_role("main").get_by_role("link", name="localhost").click()
    page.get_by_role("link", name="Send again").click()
    page.get_by_role("button", name="Count them").click()
    page.get_by_role("button", name="Send 1 event again").click()

    expect(page.get_by_role("status")).to_contain_text("On the way again: 1 event")


def test_who_may_only_look_is_told_whom_to_ask(
    page: Page, goto: Goto, world: World, live_server: Any
) -> None:
    sign_in(page, member(Role.CAMPAIGN_MANAGER, world.account), live_server.url)
    goto("limits/")

    expect(page.get_by_text("Administrators change it: Astrid Lind.")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    expect(page.get_by_role("link", name="Audit log")).to_have_count(0)
