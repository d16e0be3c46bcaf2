"""API handoffs as a person makes and changes them, with JavaScript and without."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import Role, User
from handoffs.models import Handoff, HandoffDraft
from tests.factories.accounts import member
from tests.factories.lab import LabBrand

SignIn = Callable[[BrowserContext], None]


@pytest.fixture
def carl(brand: LabBrand) -> User:
    return member(Role.CAMPAIGN_MANAGER, brand.account, email="carl@larkfield.example")


@pytest.fixture
def sign_in(carl: User, live_server: Any) -> SignIn:
    client = Client()
    client.force_login(carl)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]

    def add(context: BrowserContext) -> None:
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])

    return add


@pytest.fixture
def handoffs(brand: LabBrand, live_server: Any) -> str:
    return f"{live_server.url}/account/{brand.account.number}/handoffs/"


def make(page: Page, handoffs: str, *, title: str) -> None:
    """From the list to the done page; the same with JavaScript and without."""
    page.goto(handoffs)
    page.get_by_role("link", name="New handoff").click()
    page.get_by_role("button", name="Apps and message").click()
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_role("button", name="Lookback and push").click()
    expect(page.get_by_role("alert")).to_contain_text("Apps: Choose at least one app.")
    expect(page.get_by_label("Title", exact=True)).to_have_value(title)
    page.get_by_label("com.larkfield.mobile").check()
    page.get_by_label("Message", exact=True).fill("Hi ${{1}}, it is on its way 💳")
    page.get_by_role("button", name="Lookback and push").click()
    page.get_by_label("days").fill("7")
    page.get_by_role("button", name="Apps and message", exact=True).click()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Hi ${{1}}, it is on its way 💳")
    page.get_by_role("button", name="Lookback and push").click()
    expect(page.get_by_label("days")).to_have_value("7")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Make the handoff").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{title} is ready")


def test_a_handoff_is_made_with_phones_that_change_while_one_types(
    page: Page, brand: LabBrand, handoffs: str, sign_in: SignIn
) -> None:
    """B2"""
    sign_in(page.context)
    make(page, handoffs, title="Card updates")
    made = Handoff.objects.get(title="Card updates")
    expect(page.locator("#handoff-id")).to_have_text(made.public_id)
    page.get_by_text("Python", exact=True).click()
    expect(page.locator("pre:visible")).to_contain_text("urllib.request")

    page.get_by_role("link", name="Open the handoff").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Message", exact=True).fill("Hi ${{1}}, before ${{2}}! " + "👨‍👩‍👧‍👦" * 60)
    page.get_by_label("Sample for variable 2").fill("Friday")

    shown = page.locator(".notif__text:visible")
    expect(shown).to_have_text(re.compile(r"^Hi \$\{\{1\}\}, before Friday! (👨‍👩‍👧‍👦)+…$"))
    expect(page.locator("#counter")).to_contain_text("446 characters")
    page.get_by_text("Android", exact=True).click()
    page.get_by_text("Unfolded", exact=True).click()
    expect(page.locator(".anotif p:visible")).to_contain_text("before Friday!")
    expect(page.get_by_label("Sample for variable 2")).to_have_value("Friday")


def test_a_handoff_is_made_and_changed_without_javascript(
    browser: Browser, brand: LabBrand, handoffs: str, sign_in: SignIn
) -> None:
    """B2, G4"""
    context = browser.new_context(java_script_enabled=False)
    sign_in(context)
    page = context.new_page()
    make(page, handoffs, title="No script")

    page.get_by_role("link", name="Open the handoff").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Message", exact=True).fill("Hi ${{1}} and ${{2}}")
    page.get_by_role("button", name="Update the preview").click()
    page.get_by_label("Sample for variable 2").fill("Kola")
    page.get_by_label("Title", exact=True).fill("Still none")
    page.get_by_label("Title", exact=True).press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Still none")
    expect(page.get_by_text("Title: No script → Still none")).to_be_visible()
    context.close()


def test_a_draft_is_left_continued_and_dropped(
    page: Page, brand: LabBrand, handoffs: str, sign_in: SignIn
) -> None:
    sign_in(page.context)
    page.goto(f"{handoffs}new/")
    page.get_by_label("IVR deflection").check()
    page.get_by_role("button", name="Apps and message").click()
    page.get_by_label("Title", exact=True).fill("Waiting line")
    page.get_by_role("button", name="Save and close").click()
    expect(page.get_by_role("status")).to_contain_text("The draft is kept")

    page.get_by_role("link", name="Continue Waiting line").click()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Waiting line")
    page.get_by_role("button", name="Drop this draft").click()
    page.get_by_role("button", name="Drop 1 draft").click()

    expect(page.get_by_role("status")).to_contain_text("The draft was dropped.")
    assert not HandoffDraft.objects.exists()


def test_markup_in_a_handoff_stays_text_on_the_phones_too(
    page: Page, brand: LabBrand, handoffs: str, sign_in: SignIn
) -> None:
    markup = "<script>document.title='owned'</script><b>bold</b>"
    brand.handoff.text = brand.handoff.notification_title = markup
    brand.handoff.save()
    sign_in(page.context)

    page.goto(f"{handoffs}{brand.handoff.public_id}/edit/")
    page.get_by_label("Message", exact=True).press_sequentially("!")

    expect(page.locator(".notif__text:visible")).to_contain_text(f"{markup}"[:20])
    expect(page.locator("#counter")).to_contain_text(f"{len(markup) + 1} characters")
    assert page.locator("main script, main .notif b b").count() == 0
    expect(page).not_to_have_title("owned")
