"""The push lab as a person uses it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from campaigns.models import OutboundMessage
from conversations.models import Conversation, ConversationState
from tests.factories.lab import LabBrand, deliver_all

MARKUP = "<script>document.title='owned'</script><b>bold</b>"


@pytest.fixture
def phone(page: Page) -> Callable[[str], Locator]:
    return lambda name: page.get_by_role("article", name=name)


def test_a_notification_appears_without_a_reload(
    page: Page, brand: LabBrand, lab_url: str, phone: Callable[[str], Locator]
) -> None:
    page.goto(lab_url)
    page.evaluate("window.isSamePage = true")

    brand.send({"ingrid": "Hi Ingrid, your card is on its way 💳"})

    expect(phone("Ingrid’s iPhone").locator(".notif")).to_contain_text("your card is on its way 💳")
    expect(phone("Kola’s Pixel").locator(".notif")).to_have_count(0)
    expect(page.get_by_role("status")).to_contain_text("New message on Ingrid’s iPhone")
    assert page.evaluate("window.isSamePage") is True


def test_a_notification_that_a_phone_shows_is_delivered(
    page: Page, brand: LabBrand, lab_url: str
) -> None:
    page.goto(lab_url)
    brand.send({"ingrid": "Hi"})

    asked = page.get_by_role("region", name="Ingrid’s iPhone")

    expect(asked.locator(".chip")).to_have_text("Delivered")
    assert OutboundMessage.objects.get().delivered_at is not None


def test_tap_reply_and_route(
    page: Page, brand: LabBrand, lab_url: str, phone: Callable[[str], Locator]
) -> None:
    brand.send({"kola": "Hi Kola, your card is on its way"})
    page.goto(lab_url)
    kola = phone("Kola’s Pixel")

    kola.locator(".notif").click()
    expect(kola.locator(".bub")).to_have_text(["Hi Kola, your card is on its way"])
    kola.get_by_label("Reply on").fill("I moved 😅")
    kola.get_by_role("button", name="Send the reply").click()

    expect(kola.locator(".bub--me")).to_have_text(["I moved 😅"])
    expect(kola.locator(".why")).to_contain_text("To Billing, because this answers “Card renewal”")
    expect(page.get_by_role("region", name="Kola’s Pixel").locator(".chip")).to_have_text("Replied")
    assert OutboundMessage.objects.get().opened_at is not None


def test_the_outbound_message_stands_before_the_conversation(
    page: Page, brand: LabBrand, lab_url: str, phone: Callable[[str], Locator]
) -> None:
    brand.send({"kola": "Your card is on its way"})
    page.goto(lab_url)
    kola = phone("Kola’s Pixel")
    kola.locator(".notif").click()
    kola.get_by_label("Reply on").fill("Thanks")
    kola.get_by_label("Reply on").press("Enter")

    expect(kola.locator(".bub")).to_have_text(["Your card is on its way", "Thanks"])


def test_back_returns_to_the_lock_screen(
    page: Page, brand: LabBrand, lab_url: str, phone: Callable[[str], Locator]
) -> None:
    brand.send({"kola": "Hi Kola"})
    page.goto(lab_url)
    kola = phone("Kola’s Pixel")
    kola.locator(".notif").click()

    kola.get_by_role("button", name="Back to the lock screen").click()

    expect(kola.get_by_role("button", name="Open Larkfield")).to_be_focused()
    expect(kola.locator(".notif")).to_have_count(0)


def test_a_reload_keeps_the_dialog_that_is_open(
    page: Page, brand: LabBrand, lab_url: str, phone: Callable[[str], Locator]
) -> None:
    brand.send({"kola": "Hi Kola"})
    page.goto(lab_url)
    phone("Kola’s Pixel").locator(".notif").click()
    expect(phone("Kola’s Pixel").locator(".bub")).to_be_visible()

    page.reload()

    expect(phone("Kola’s Pixel").locator(".bub")).to_have_text(["Hi Kola"])
    expect(phone("Ingrid’s iPhone").locator(".dlg")).to_have_count(0)


def test_what_is_typed_outlives_a_change_on_the_phone(
    page: Page, brand: LabBrand, lab_url: str, phone: Callable[[str], Locator]
) -> None:
    page.goto(lab_url)
    kola = phone("Kola’s Pixel")
    kola.get_by_role("button", name="Open Larkfield").click()
    kola.get_by_label("Reply on").fill("Half a sen")

    brand.send({"kola": "Something new"})

    expect(kola.locator(".bub")).to_have_text(["Something new"])
    expect(kola.get_by_label("Reply on")).to_have_value("Half a sen")
    expect(kola.get_by_label("Reply on")).to_be_focused()


def test_ending_the_conversation_lets_the_next_message_out(
    page: Page, brand: LabBrand, lab_url: str, phone: Callable[[str], Locator]
) -> None:
    brand.send({"ingrid": "First"})
    page.goto(lab_url)
    ingrid = phone("Ingrid’s iPhone")
    ingrid.locator(".notif").click()
    ingrid.get_by_label("Reply on").fill("Yes")
    ingrid.get_by_label("Reply on").press("Enter")
    expect(ingrid.locator(".why")).to_be_visible()

    brand.send({"ingrid": "Second"})
    asked = page.get_by_role("region", name="Ingrid’s iPhone")
    expect(asked).to_contain_text("The newest message was not sent. Already talking with you.")
    ingrid.get_by_role("button", name="End the conversation").click()
    expect(ingrid.get_by_role("button", name="End the conversation")).to_have_count(0)
    brand.send({"ingrid": "Third"})

    expect(ingrid.locator(".bub")).to_have_text(["Third"])
    assert Conversation.objects.get().state == ConversationState.CLOSED


def test_send_to_all_rings_on_every_phone(page: Page, brand: LabBrand, lab_url: str) -> None:
    page.goto(lab_url)

    page.get_by_role("button", name="Send to all 3").click()
    expect(page.get_by_text("On its way to 3 people.")).to_be_visible()
    deliver_all()

    expect(page.locator(".notif")).to_have_count(3)


def test_a_phone_can_be_added(page: Page, brand: LabBrand, lab_url: str) -> None:
    page.goto(lab_url)

    page.get_by_role("link", name="Add a phone").click()
    page.get_by_label("Consumer id").fill("lab:gone")
    page.get_by_label("App and platform").select_option("Larkfield on Web")
    page.get_by_label("Name of the phone").fill("Mona’s browser")
    page.get_by_role("button", name="Add the phone").click()

    expect(page.get_by_role("article", name="Mona’s browser")).to_contain_text("lab:gone")


def test_the_provider_can_be_stopped_and_started(page: Page, brand: LabBrand, lab_url: str) -> None:
    page.goto(lab_url)

    page.get_by_role("button", name="Start the provider").click()
    expect(page.get_by_text("lab:down works")).to_be_visible()
    page.get_by_role("button", name="Stop the provider").click()

    expect(page.get_by_text("lab:down gets 503")).to_be_visible()


def test_the_lab_works_by_keyboard_alone(
    page: Page, brand: LabBrand, lab_url: str, phone: Callable[[str], Locator]
) -> None:
    brand.send({"ingrid": "Hi Ingrid"})
    page.goto(lab_url)
    ingrid = phone("Ingrid’s iPhone")
    for _ in range(20):
        page.keyboard.press("Tab")
        if ingrid.locator(".notif:focus").count():
            break

    page.keyboard.press("Enter")
    expect(ingrid.get_by_label("Reply on")).to_be_focused()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")

    expect(ingrid.locator(".bub--me")).to_have_text(["By keyboard"])
    expect(ingrid.get_by_label("Reply on")).to_be_focused()
    expect(ingrid.get_by_label("Reply on")).to_have_value("")


def test_the_lab_works_without_javascript(browser: Browser, brand: LabBrand, lab_url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(lab_url)
    page.get_by_role("button", name="Send to all 3").click()
    deliver_all()
    page.get_by_role("link", name="Refresh").click()
    kola = page.get_by_role("article", name="Kola’s Pixel")
    kola.locator(".notif").click()
    kola.get_by_label("Reply on").fill("No script here")
    kola.get_by_role("button", name="Send the reply").click()

    expect(kola.locator(".bub--me")).to_have_text(["No script here"])
    expect(kola.locator(".why")).to_contain_text("To Billing")
    kola.get_by_role("button", name="Back to the lock screen").click()
    expect(kola.get_by_role("button", name="Open Larkfield")).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [320, 390, 720, 1440])
def test_no_page_scrolls_sideways(
    page: Page, brand: LabBrand, lab_url: str, live_server: Any, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    brand.phone("x" * 255, name="y" * 255, label="z" * 100)
    brand.send({"x" * 255: "w" * 1500, "kola": "Hi"})
    page.goto(lab_url)
    page.locator(".notif").first.click()
    page.locator(".dlg").wait_for()
    for url in (page.url, f"{lab_url}phones/new/", f"{live_server.url}/sign-in/"):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth") == width, url


def test_markup_in_every_text_stays_text(page: Page, brand: LabBrand, lab_url: str) -> None:
    brand.account.name = brand.app.name = MARKUP
    brand.account.save()
    brand.app.save()
    brand.handoff.notification_title = MARKUP
    brand.handoff.save()
    device = brand.phone(MARKUP, name=MARKUP, label=MARKUP, os_version=MARKUP[:50])
    brand.send({MARKUP: MARKUP})
    page.goto(lab_url)
    phone = page.locator(f"#phone-{device.pk}")
    expect(phone.locator("h3")).to_have_text(MARKUP)
    expect(phone.locator(".notif")).to_contain_text(MARKUP)

    phone.locator(".notif").click()
    phone.get_by_label("Reply on").fill(MARKUP)
    phone.get_by_label("Reply on").press("Enter")

    expect(phone.locator(".bub")).to_have_text([MARKUP, MARKUP])
    expect(page).to_have_title("Push lab · Proactive")
    assert page.locator("main script, main b b").count() == 0


def test_the_theme_button_pins_a_theme_and_a_reload_keeps_it(
    page: Page, brand: LabBrand, lab_url: str
) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(lab_url)
    button = page.get_by_role("button", name=re.compile("^Theme"))

    button.click()
    button.click()
    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(button).to_have_accessible_name("Theme: dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 18, 17)"
