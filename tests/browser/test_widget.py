"""F1-F3, S3, S15, S16: the agent widget in Chromium, in the frame of another site."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import FrameLocator, Page, Request, expect

from accounts.models import Role, User
from accounts.services import revoke_role
from conversations.models import MessageState, ReplyRoute
from conversations.widget_access import issue_code
from conversations.widgets import allow_framing
from tests.browser.axe import violations
from tests.browser.conftest import sign_in
from tests.browser.workspace_site import Site, workspace_site
from tests.factories.accounts import PASSWORD, member
from tests.factories.conversations import ReplyRouteFactory
from tests.factories.lab import LabBrand

XSS = '<img src=x onerror="window.__x=1"><script>window.__x=1</script>'


@pytest.fixture
def agent(brand: LabBrand) -> User:
    return member(Role.AGENT, brand.account, email="amir@brand.example", password=PASSWORD)


@pytest.fixture
def site(brand: LabBrand) -> Iterator[Site]:
    """A workspace that the account has listed."""
    with workspace_site() as site:
        allow_framing(account=brand.account, origin=site.origin, by="tests")
        yield site


@pytest.fixture
def link(brand: LabBrand, live_server: Any) -> str:
    return f"{live_server.url}/api/cx-widget/account/{brand.account.number}/auth/url"


def tell(brand: LabBrand, consumer: str, text: str, **fields: Any) -> None:
    ReplyRouteFactory(
        account=brand.account, skill=brand.billing, consumer_ref=consumer, text=text, **fields
    )


def show(page: Page, site: Site, url: str) -> FrameLocator:
    site.frame_url = url
    page.goto(f"{site.origin}/")
    return page.frame_locator("#widget")


def enter(page: Page, widget: FrameLocator) -> None:
    """Press Sign in; the window that opens closes by itself."""
    with page.context.expect_page() as opened:
        widget.get_by_role("button", name="Sign in").click()
    if not opened.value.is_closed():
        opened.value.wait_for_event("close")


def send_context(page: Page, data: Any) -> None:
    """As Chatwoot sends it to the frame of a dashboard app."""
    page.evaluate(
        "text => document.querySelector('#widget').contentWindow.postMessage(text, '*')",
        data if isinstance(data, str) else json.dumps(data),
    )


def contact(identifier: str | None) -> dict[str, Any]:
    return {"event": "appContext", "data": {"contact": {"id": 7, "identifier": identifier}}}


def test_s16_an_agent_signs_in_from_a_frame_of_another_site_and_reads(
    page: Page, brand: LabBrand, agent: User, site: Site, link: str, live_server: Any
) -> None:
    tell(brand, "anna", "Your card 💳", state=MessageState.OPENED, title="New card")
    tell(brand, "anna", "The newest", replied_at=timezone.now())
    sign_in(page, agent, live_server.url)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))

    widget = show(page, site, f"{link}?consumerId=anna")
    expect(widget.get_by_role("status")).to_have_text("Sign in to see what this consumer was sent.")
    enter(page, widget)

    items = widget.get_by_role("listitem")
    expect(items).to_have_count(2)
    expect(items.nth(0)).to_contain_text("The newest")
    expect(items.nth(0).locator(".chip")).to_have_text("Replied")
    expect(items.nth(1)).to_contain_text("New card")
    expect(items.nth(1).locator(".chip")).to_have_text("Opened")
    expect(items.nth(1)).to_contain_text("29 days 23 h left")
    expect(items.nth(1).get_by_text("Today")).to_be_visible()
    items.nth(1).get_by_text("Campaign").click()
    expect(items.nth(1)).to_contain_text("Card renewal · Billing")
    expect(items.nth(1)).to_contain_text("Proactive Messaging")
    ours = [one for one in asked if one.url.startswith(live_server.url)]
    assert len(ours) > 5
    assert [one.url for one in ours if "cookie" in one.all_headers()] == []


def test_s16_nothing_is_kept_that_a_reload_could_use(
    page: Page, agent: User, site: Site, link: str, live_server: Any
) -> None:
    sign_in(page, agent, live_server.url)
    widget = show(page, site, f"{link}?consumerId=anna")
    enter(page, widget)
    expect(widget.get_by_role("status")).to_contain_text("Nothing was sent to this consumer")

    stored = page.context.storage_state()
    assert [cookie["name"] for cookie in stored["cookies"]] == ["session", "csrftoken"]
    assert stored["origins"] == []
    assert page.frames[1].evaluate("document.cookie") == ""
    page.reload()

    expect(widget.get_by_role("button", name="Sign in")).to_be_visible()


def test_who_has_not_signed_in_does_so_in_a_tab_and_the_window_goes_on(
    page: Page, brand: LabBrand, agent: User, site: Site, link: str
) -> None:
    tell(brand, "anna", "Your card")
    widget = show(page, site, f"{link}?consumerId=anna")

    with page.context.expect_page() as opened:
        widget.get_by_role("button", name="Sign in").click()
    with page.context.expect_page() as tab:
        opened.value.get_by_role("link", name="Sign in").click()
    tab.value.get_by_label("E-mail").fill(agent.email)
    tab.value.get_by_label("Password").fill(PASSWORD)
    tab.value.get_by_role("button", name="Sign in").click()

    expect(tab.value.get_by_role("heading")).to_have_text("You are signed in")
    expect(widget.get_by_role("listitem")).to_contain_text("Your card")
    assert opened.value.is_closed()


def test_s16_a_code_is_told_to_no_page_of_another_site(
    page: Page, brand: LabBrand, agent: User, site: Site, live_server: Any
) -> None:
    """Whoever else opens the window that signs in hears nothing from it."""
    sign_in(page, agent, live_server.url)
    page.goto(f"{site.origin}/")
    page.evaluate("window.heard = []; addEventListener('message', event => heard.push(event.data))")

    with page.context.expect_page() as opened:
        page.evaluate(f"window.open('{live_server.url}/widget/{brand.account.number}/sign-in/')")
    if not opened.value.is_closed():
        opened.value.wait_for_event("close")

    assert page.evaluate("heard") == []


def test_s15_a_site_that_is_not_listed_shows_an_empty_frame(
    page: Page, brand: LabBrand, link: str, complaints: list[str]
) -> None:
    with workspace_site() as site:
        show(page, site, link)
        page.wait_for_function("frames.length === 1")

        expect(page.frame_locator("#widget").get_by_text("Messages received")).to_have_count(0)
    assert any("frame-ancestors" in one for one in complaints)
    complaints.clear()


@pytest.fixture
def entered(page: Page, brand: LabBrand, agent: User, site: Site, link: str) -> FrameLocator:
    """The frame, let in by a code of the brand's server, and told of nobody yet."""
    code = issue_code(account=brand.account, user=agent, now=timezone.now()).code
    widget = show(page, site, f"{link}#code={code}")
    expect(widget.get_by_role("status")).to_contain_text("Waiting for the workspace")
    return widget


def test_a_code_in_the_address_is_used_and_gone(page: Page, entered: FrameLocator) -> None:
    assert "code" not in page.frames[1].url
    expect(entered.get_by_role("button", name="Sign in")).to_be_hidden()


@pytest.mark.parametrize("age", [0, 61], ids=["used", "too old"])
def test_s16_a_code_that_is_no_longer_good_is_said_to_be(
    page: Page,
    brand: LabBrand,
    agent: User,
    site: Site,
    link: str,
    complaints: list[str],
    age: int,
) -> None:
    at = timezone.now() - timedelta(seconds=age)
    code = issue_code(account=brand.account, user=agent, now=at).code
    if not age:
        expect(show(page, site, f"{link}#code={code}").get_by_role("status")).to_contain_text(
            "Waiting for the workspace"
        )
        page.goto("about:blank")

    widget = show(page, site, f"{link}#code={code}")

    expect(widget.get_by_role("status")).to_contain_text("This code was used, or is too old.")
    expect(widget.get_by_role("button", name="Sign in")).to_be_visible()
    complaints[:] = [one for one in complaints if "409" not in one]


def test_f3_chatwoots_context_names_the_consumer_and_changes_it(
    page: Page, brand: LabBrand, entered: FrameLocator
) -> None:
    tell(brand, "anna", "To Anna")
    tell(brand, "bo", "To Bo")

    send_context(page, contact("anna"))
    expect(entered.get_by_role("listitem")).to_have_text(re.compile("To Anna"))
    send_context(page, contact("bo"))
    expect(entered.get_by_role("listitem")).to_contain_text("To Bo")
    for other in ("not JSON", "null", {"event": "else"}):
        send_context(page, other)
    expect(entered.get_by_role("listitem")).to_contain_text("To Bo")
    send_context(page, contact(None))

    expect(entered.get_by_role("status")).to_contain_text("Waiting for the workspace")


def test_the_list_is_renewed_around_what_the_agent_looks_at(
    page: Page, brand: LabBrand, entered: FrameLocator
) -> None:
    tell(brand, "anna", "To Anna")
    send_context(page, contact("anna"))
    entered.get_by_text("Campaign").click()

    ReplyRoute.objects.update(state=MessageState.OPENED)
    tell(brand, "anna", "Some more")
    page.frames[1].evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(entered.get_by_role("listitem")).to_have_count(2)
    expect(entered.get_by_role("listitem").nth(1).locator(".chip")).to_have_text("Opened")
    expect(entered.get_by_text("Engagement")).to_have_count(2)
    expect(entered.get_by_text("Engagement").nth(1)).to_be_visible()
    expect(entered.get_by_role("listitem").nth(1).locator("summary")).to_be_focused()


def test_f3_a_workspace_turns_to_somebody_else_behind_the_hash(
    page: Page, brand: LabBrand, entered: FrameLocator, link: str
) -> None:
    tell(brand, "anna", "To Anna")
    tell(brand, "bo", "To Bo")

    for consumer, text in (("anna", "To Anna"), ("bo", "To Bo")):
        page.evaluate(
            "src => { document.querySelector('#widget').src = src }",
            f"{link}#consumerId={consumer}",
        )
        expect(entered.get_by_role("listitem")).to_contain_text(text)


SDK = """
const bound = {};
const values = {
  "visitorInfo.visitorId": "lp-5b1c",
  "claimsAndAuthType.claims": { sub: "anna" },
  "applicationInfo.theme": "DARK",
};
window.change = (key, newValue) => bound[key]({ key, newValue });
window.lpTag = { agentSDK: {
  init(callbacks) { callbacks.notificationCallback(); },
  bind(key, changed, done) { bound[key] = changed; done(null); },
  get(key, found, failed) { key in values ? found(values[key]) : failed("no such key"); },
} };
"""


def test_f3_livepersons_keys_name_the_consumer_and_the_theme(
    page: Page, brand: LabBrand, agent: User, site: Site, link: str, settings: Any
) -> None:
    """With what stands in for their script: the claims of the brand's own token come first."""
    settings.LIVEPERSON_SDK_URL = "https://sdk.liveperson.example/agent.js"
    page.route(settings.LIVEPERSON_SDK_URL, lambda route: route.fulfill(body=SDK))
    tell(brand, "anna", "To Anna")
    tell(brand, "bo", "To Bo")
    code = issue_code(account=brand.account, user=agent, now=timezone.now()).code

    widget = show(page, site, f"{link}?sdk=liveperson#code={code}")

    expect(widget.get_by_role("listitem")).to_contain_text("To Anna")
    expect(widget.locator("html")).to_have_attribute("data-theme", "dark")
    page.frames[1].evaluate("change('claimsAndAuthType.claims', null)")
    expect(widget.get_by_role("status")).to_contain_text("Nothing was sent")
    page.frames[1].evaluate("change('authenticatedData.customerDetails', {customerId: 'bo'})")
    expect(widget.get_by_role("listitem")).to_contain_text("To Bo")


def test_f3_the_address_names_the_consumer_by_any_of_three_names(page: Page, link: str) -> None:
    page.goto(link)

    found = page.evaluate(
        """async () => {
          const { consumerIn } = await import("/static/js/widget/address.js");
          return ["?consumerId=a", "?visitorId=b", "?x=1&customerId=c%20%26", "?consumer=d"].map(
            (search) => consumerIn({ search, hash: "#code=k" }),
          );
        }"""
    )

    assert [one["consumer"] for one in found] == ["a", "b", "c &", ""]
    assert {one["code"] for one in found} == {"k"}


def test_s16_a_context_from_elsewhere_is_not_believed(
    page: Page, brand: LabBrand, entered: FrameLocator
) -> None:
    """Only the page around the frame, and only while its site is listed."""
    tell(brand, "anna", "To Anna")
    tell(brand, "bo", "To Bo")
    send_context(page, contact("anna"))
    expect(entered.get_by_role("listitem")).to_contain_text("To Anna")

    page.frames[1].evaluate("text => window.postMessage(text, '*')", json.dumps(contact("bo")))
    page.evaluate("document.body.append(document.createElement('iframe'))")
    page.frames[2].evaluate(
        "text => parent.frames[0].postMessage(text, '*')", json.dumps(contact("bo"))
    )

    page.frames[1].evaluate("new Promise(done => setTimeout(done, 200))")
    expect(entered.get_by_role("listitem")).to_contain_text("To Anna")


def test_s16_the_token_of_a_removed_member_shows_nothing_more(
    page: Page, brand: LabBrand, agent: User, entered: FrameLocator, complaints: list[str]
) -> None:
    tell(brand, "anna", "To Anna")
    send_context(page, contact("anna"))
    expect(entered.get_by_role("listitem")).to_have_count(1)

    revoke_role(user=agent, account=brand.account, by="tests")
    send_context(page, contact("bo"))

    expect(entered.get_by_role("status")).to_have_text("Your sign-in has ended.")
    expect(entered.get_by_role("listitem")).to_have_count(0)
    complaints[:] = [one for one in complaints if "401" not in one]


def test_s3_what_people_wrote_is_shown_as_it_was_written(
    page: Page, brand: LabBrand, entered: FrameLocator
) -> None:
    tell(
        brand,
        XSS,
        XSS,
        title=XSS,
        campaign_name=XSS,
        engagement_name=XSS,
    )

    send_context(page, contact(XSS))

    expect(entered.locator("[data-of=text]")).to_have_text(XSS)
    expect(entered.locator("[data-of=campaignName]")).to_have_text(XSS)
    assert page.frames[1].evaluate("window.__x") is None


def test_the_widget_is_accessible_in_200_pixels_in_both_themes(
    page: Page, brand: LabBrand, agent: User, link: str
) -> None:
    tell(brand, "anna", "Your instalment of 2,140 kr is due on Friday " * 4, title="Reminder")
    page.set_viewport_size({"width": 200, "height": 600})
    for theme in ("light", "dark"):
        code = issue_code(account=brand.account, user=agent, now=timezone.now()).code
        page.goto(f"{link}?theme={theme}&consumerId=anna#code={code}")
        expect(page.get_by_role("listitem")).to_have_count(1)
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        expect(page.get_by_text("Engagement")).to_be_visible()
        assert violations(page) == [], theme
        assert page.evaluate("document.documentElement.scrollWidth") <= 200
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert colour == {"light": "rgb(255, 255, 255)", "dark": "rgb(25, 25, 24)"}[theme]


@pytest.mark.parametrize("host", ["plain", "chatwoot", "liveperson"])
def test_each_workspace_is_tried_in_settings(
    page: Page, brand: LabBrand, live_server: Any, host: str
) -> None:
    tell(brand, "ingrid", "To Ingrid")
    sign_in(page, member(Role.ADMINISTRATOR, brand.account), live_server.url)
    page.goto(f"{live_server.url}/account/{brand.account.number}/settings/widgets/")
    page.get_by_role("link", name="Try it").click()
    page.locator(f"input[value={host}]").check()
    page.get_by_label("Consumer id").fill("ingrid")
    page.get_by_role("button", name="Show the widget").click()
    widget = page.frame_locator("#widget")

    enter(page, widget)

    expect(widget.get_by_role("listitem")).to_contain_text("To Ingrid")
