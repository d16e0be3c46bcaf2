"""G3, B2, G2: from an empty wizard to an answer that its maker watches arriving."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Role
from campaigns.invariants import check_store
from lab import brand
from lab.brand import Secrets
from tests.browser.conftest import complaints  # noqa: F401 -- fixture
from tests.flows.printed import filled, run, skip_without_curl
from tests.live import Stack, wait_for

MANAGER = next(person for person in brand.PEOPLE if person.role == Role.CAMPAIGN_MANAGER)
PHONE = next(phone for phone in brand.PHONES if phone.ref == "ingrid")
# How long a busy machine may take for what takes a second or two, in milliseconds.
PATIENCE = 30_000


def sign_in(page: Page, url: str, secrets: Secrets) -> None:
    page.goto(f"{url}/sign-in/")
    page.get_by_label("E-mail").fill(MANAGER.email)
    page.get_by_label("Password").fill(secrets.password)
    page.get_by_role("button", name="Sign in").click()


def go_to(page: Page, place: str) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name=place).click()


def make_handoff(page: Page, *, title: str, text: str) -> None:
    go_to(page, "API Handoffs")
    page.get_by_role("link", name="New handoff").click()
    page.get_by_role("button", name="Apps and message").click()
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label(brand.MOBILE_APP).check()
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Lookback and push").click()
    page.get_by_label("days").fill("2")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Make the handoff").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{title} is ready", timeout=PATIENCE)


def copied_call(page: Page) -> str:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the call").click()

    def clipboard() -> str:
        text: str = page.evaluate("navigator.clipboard.readText()")
        return text if "curl" in text else ""

    return str(wait_for(clipboard, seconds=20, what="the call in the clipboard"))


def answer(lab: Page, url: str, *, told: str, text: str) -> None:
    lab.goto(f"{url}/lab/")
    phone = lab.get_by_role("article", name=PHONE.label)
    phone.locator(".notif").filter(has_text=told).click()
    phone.get_by_label("Reply on").fill(text)
    phone.get_by_label("Reply on").press("Enter")
    expect(phone.locator(".why")).to_be_visible(timeout=PATIENCE)


@pytest.mark.browser
def test_who_makes_a_handoff_sends_the_call_it_prints_and_watches_the_answer_arrive(
    page: Page, new_context: Callable[[], BrowserContext], stack: Stack, tmp_path: Path
) -> None:
    skip_without_curl()
    secrets = Secrets.read(os.environ)
    sign_in(page, stack.url, secrets)
    make_handoff(page, title="Parcel", text="Hi ${{1}}, it is on its way 📦")
    call = filled(copied_call(page), secret=secrets.client_secret, consumer=PHONE.ref)
    # Held, so that the campaign is there to be seen before it goes out.
    stack.signal("worker", signal.SIGSTOP)
    assert f'"inapp":"{PHONE.ref}"' in run("curl", call, tmp_path)

    go_to(page, "Campaigns")
    page.get_by_role("link", name="Parcel", exact=True).click()
    recipient = page.get_by_role("row").filter(has_text=PHONE.ref).locator(".chip")
    expect(recipient).to_have_text("Waiting", timeout=PATIENCE)
    page.evaluate("window.isSamePage = true")
    stack.signal("worker", signal.SIGCONT)
    expect(recipient).to_have_text("Sent", timeout=PATIENCE)

    lab = new_context().new_page()
    answer(lab, stack.url, told="Hi sample 1, it is on its way 📦", text="Thanks 😀")
    expect(recipient).to_have_text("Replied", timeout=PATIENCE)
    assert page.evaluate("window.isSamePage") is True
    assert check_store(now=timezone.now()) == []
    # Before the server goes, whom it would ask again.
    page.close()
