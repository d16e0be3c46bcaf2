"""G2, G3, G6: campaigns as a campaign manager looks at them."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import Role
from campaigns.models import Campaign, OutboundMessage
from campaigns.receipts import record_event
from consumers.models import Consumer
from conversations.services import receive_message
from tests.browser.axe import violations
from tests.browser.conftest import sign_in
from tests.factories.accounts import ApiClientFactory, member
from tests.factories.lab import LabBrand, deliver_all

# What a page asks again after, in milliseconds.
POLL = 2_000


@pytest.fixture
def campaigns_url(page: Page, brand: LabBrand, live_server: Any) -> str:
    manager = member(Role.CAMPAIGN_MANAGER, brand.account, name="Carl Berg")
    sign_in(page, manager, live_server.url)
    return f"{live_server.url}/account/{brand.account.number}/campaigns/"


def test_a_campaign_is_watched_from_queued_to_replied_without_a_reload(
    page: Page, brand: LabBrand, campaigns_url: str
) -> None:
    brand.accept({"ingrid": "Hi Ingrid 💳", "stranger": "Hi"})
    page.clock.install()
    page.goto(campaigns_url)
    expect(page.locator(".camps .chip")).to_have_text("Queued")
    page.get_by_role("link", name="Card renewal").click()
    page.get_by_role("link", name="ingrid").click()
    page.evaluate("window.isSamePage = true")

    deliver_all()
    page.clock.run_for(POLL)
    expect(page.locator("#live .chip")).to_have_text("Completed")
    message = OutboundMessage.objects.get(consumer_ref="ingrid")
    now = timezone.now()
    record_event(account=brand.account, message_id=message.public_id, kind="opened", now=now)
    page.clock.run_for(POLL)
    expect(page.locator("#steps")).to_contain_text("Opened")
    receive_message(
        account=brand.account,
        consumer=Consumer.objects.get(ref="ingrid"),
        text="I moved 😅",
        message_id=message.public_id,
        now=timezone.now(),
    )
    page.clock.run_for(POLL)

    expect(page.locator("#steps .quote")).to_have_text("I moved 😅")
    expect(page.locator("tr.is-on .chip")).to_have_text("Replied")
    expect(page.locator(".step__v").nth(5)).to_have_text("1")
    expect(page.locator("#why")).to_contain_text("never signed in")
    assert page.evaluate("window.isSamePage") is True


def test_what_has_gone_out_long_ago_is_not_asked_for_again(
    page: Page, brand: LabBrand, campaigns_url: str
) -> None:
    brand.send({"ingrid": "Hi"})
    page.clock.install()
    page.goto(f"{campaigns_url}?range=any")
    expect(page.locator("#live[hx-get]")).to_have_count(1)

    Campaign.objects.update(created_at="2020-05-05T00:00Z")
    page.clock.run_for(POLL)

    expect(page.locator("#live[hx-get]")).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(5 * POLL)
    assert asked == []


def test_who_is_on_a_link_by_keyboard_stays_on_it_while_the_page_moves(
    page: Page, brand: LabBrand, campaigns_url: str
) -> None:
    created = brand.send({"ingrid": "Hi"})
    page.clock.install()
    page.goto(campaigns_url)
    number = page.locator('td[data-l="Opened"] a')
    number.focus()

    message_id = created.accepted[0].public_id
    now = timezone.now()
    record_event(account=brand.account, message_id=message_id, kind="opened", now=now)
    page.clock.run_for(POLL)

    expect(number).to_have_text("1")
    expect(number).to_be_focused()


def test_a_campaign_is_found_and_cancelled_without_javascript(
    browser: Browser, brand: LabBrand, campaigns_url: str, page: Page
) -> None:
    context = browser.new_context(
        java_script_enabled=False, storage_state=page.context.storage_state()
    )
    plain = context.new_page()
    brand.send({"kola": "Hi"})
    brand.accept({"ingrid": "Hi", "leila": "Hi"})
    plain.goto(campaigns_url)
    expect(plain.locator(".camps tbody tr")).to_have_count(2)

    plain.locator("summary", has_text="Filter").click()
    plain.get_by_label("Status").select_option("Queued or sending")
    plain.get_by_role("button", name="Show", exact=True).click()
    expect(plain.locator(".camps tbody tr")).to_have_count(1)
    plain.get_by_role("link", name="Remove filter: Status").click()
    expect(plain.locator(".camps tbody tr")).to_have_count(2)
    plain.get_by_label("Search campaigns").fill("renewal")
    plain.get_by_label("Search campaigns").press("Enter")
    plain.get_by_role("link", name="Card renewal").first.click()
    plain.get_by_role("link", name="leila").click()
    expect(plain.locator("#steps")).to_contain_text("Requested")
    plain.get_by_role("link", name="Cancel the rest").click()
    plain.get_by_role("button", name="Cancel for 2 people").click()

    expect(plain.locator(".note")).to_contain_text("2 messages never go out")
    expect(plain.locator("#live .chip")).to_have_text("Cancelled")
    expect(plain.locator("#why")).to_contain_text("Why not: 2 people")
    context.close()


def test_an_empty_account_is_led_to_its_first_campaign_which_arrives_by_itself(
    page: Page, brand: LabBrand, campaigns_url: str
) -> None:
    ApiClientFactory(account=brand.account)
    page.clock.install()
    page.goto(campaigns_url)
    for width in (1440, 320):
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            assert violations(page) == [], f"{width} px, {scheme}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.get_by_text("4 of 5 done")).to_be_visible()
    expect(page.locator("pre[data-tab=curl]")).to_contain_text(brand.handoff.public_id)

    brand.accept({"ingrid": "Hi"})

    page.clock.run_for(POLL)
    expect(page.locator(".camps .chip")).to_have_text("Queued")
