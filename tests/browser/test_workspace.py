"""E6: the agents' jobs in the workspace: live both ways, by keyboard, and without script."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import Role, User
from conversations.live import watching
from conversations.models import AgentPresence, Conversation
from conversations.services import transfer_conversation
from tests.browser.conftest import sign_in
from tests.consumers.conftest import Sdk
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.conversations import CannedReplyFactory
from tests.world import World

Sit = Callable[..., Page]


@pytest.fixture
def amir(world: World) -> User:
    return world.people[Role.AGENT]


@pytest.fixture
def priya(world: World) -> User:
    """Of the same skill as Amir."""
    user = UserFactory(email="priya@larkfield.example", name="Priya Raman")
    MembershipFactory(
        user=user, account=world.account, role=Role.AGENT, skills=[world.brand.billing]
    )
    return user


@pytest.fixture
def ingrid(world: World) -> Sdk:
    """Ingrid's app. What she writes goes to Billing."""
    world.account.default_skill = world.brand.billing
    world.account.save()
    return Sdk(world.account).signed_in("ingrid")


@pytest.fixture
def sit(browser: Browser, world: World, live_server: Any) -> Iterator[Sit]:
    """Somebody opens the workspace in a browser of their own."""
    with ExitStack() as stack:

        def open_desk(user: User, **context: Any) -> Page:
            page = stack.enter_context(closing(browser.new_context(**context))).new_page()
            sign_in(page, user, live_server.url)
            page.goto(f"{live_server.url}/account/{world.account.number}/workspace/")
            return page

        yield open_desk


# What a browser does with a page that somebody left and goes back to.
KEPT_AND_SHOWN_AGAIN = """["pagehide", "pageshow"].forEach((name) =>
  dispatchEvent(new PageTransitionEvent(name, { persisted: true })))"""


def say(app: Sdk, text: str) -> None:
    answer = app.post("replies", {"text": text})
    assert answer.status_code == 201, answer.content


def row(page: Page, who: str = "Ingrid") -> Any:
    return page.get_by_role("navigation", name="Queue").get_by_role("link", name=who)


def test_a_conversation_is_live_for_both_agents_and_the_consumer(
    sit: Sit, amir: User, priya: User, ingrid: Sdk
) -> None:
    first, second = sit(amir), sit(priya)
    first.evaluate("window.isSamePage = true")
    second.evaluate(KEPT_AND_SHOWN_AGAIN)

    say(ingrid, "Where is my card? 💳")

    for page in (first, second):
        expect(row(page)).to_contain_text("Where is my card? 💳")
        expect(page).to_have_title("(1) Workspace · Proactive")
    row(first).click()
    row(second).click()
    first.get_by_role("button", name="Accept").click()
    expect(second.get_by_text("agent@larkfield.example answers this conversation.")).to_be_visible()
    expect(second).to_have_title("Workspace · Proactive")

    first.get_by_label("Reply to Ingrid").fill("On its way")
    first.keyboard.press("Control+Enter")
    expect(first.get_by_label("Reply to Ingrid")).to_have_value("")
    expect(second.locator("#log")).to_contain_text("On its way")
    said = ingrid.get("dialog").json()["messages"]
    assert [one["text"] for one in said] == ["Where is my card? 💳", "On its way"]

    ingrid.post("read", {"messageId": said[-1]["messageId"]})
    expect(first.locator(".who.me")).to_contain_text("read")
    first.get_by_label("Reply to Ingrid").type("It is")
    ingrid.post("typing", {"isTyping": True})
    expect(first.get_by_text("Ingrid is writing")).to_be_visible()
    say(ingrid, "Thank you")
    expect(first.locator("#log")).to_contain_text("Thank you")
    expect(first.get_by_text("Ingrid is writing")).to_be_hidden()
    expect(first.get_by_label("Reply to Ingrid")).to_have_value("It is")
    expect(first.locator("#told")).to_have_text("Ingrid: Thank you")
    assert first.evaluate("window.isSamePage") is True
    talk = Conversation.objects.get()
    assert talk.agent_read_to == talk.messages.latest("pk").pk


def test_of_two_who_accept_one_is_told_who_was_first(
    sit: Sit, amir: User, priya: User, ingrid: Sdk
) -> None:
    say(ingrid, "Hello?")
    first, second = sit(amir), sit(priya)
    for page in (first, second):
        row(page).click()
        expect(page.get_by_role("button", name="Accept")).to_be_visible()
    # The other one's page does not know it yet.
    second.evaluate("document.querySelector('[data-accept]').dataset.mode = 'taken'")

    first.get_by_role("button", name="Accept").click()
    expect(first.get_by_label("Reply to Ingrid")).to_be_focused()
    second.get_by_role("button", name="Accept").click()

    expect(second.get_by_role("alert")).to_have_text(
        "agent@larkfield.example answers this conversation."
    )


def test_all_is_done_by_keyboard_alone(sit: Sit, amir: User, world: World, ingrid: Sdk) -> None:
    CannedReplyFactory(account=world.account, shortcut="hours", text="We are here 8 to 20.")
    CannedReplyFactory(account=world.account, shortcut="thanks", text="You are welcome.")
    say(ingrid, "When are you open?")
    page = sit(amir)
    keys = page.keyboard

    keys.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    keys.press("j")
    expect(row(page)).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("button", name="Accept")).to_be_visible()
    expect(row(page)).to_be_focused()
    keys.press("a")
    reply = page.get_by_role("combobox", name="Reply to Ingrid")
    expect(reply).to_be_focused()
    keys.type("Hello! /ho")
    expect(page.get_by_role("option")).to_have_text(["/hoursWe are here 8 to 20."])
    keys.press("Enter")
    expect(reply).to_have_value("Hello! We are here 8 to 20.")
    expect(page.get_by_role("listbox")).to_be_hidden()
    keys.press("Escape")
    expect(row(page)).to_be_focused()
    keys.press("r")
    keys.press("Control+Enter")

    expect(page.locator("#log")).to_contain_text("Hello! We are here 8 to 20.")


def test_single_keys_and_sound_can_be_switched_off_and_stay_so(
    sit: Sit, amir: User, ingrid: Sdk
) -> None:
    page = sit(amir)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Single keys").uncheck()
    page.keyboard.press("Escape")
    sound = page.get_by_role("button", name="Sound when somebody arrives")
    sound.click()
    page.reload()

    page.locator("body").press("?")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(sound).to_have_attribute("aria-pressed", "false")


def test_what_was_typed_is_there_again_after_looking_at_another_conversation(
    sit: Sit, world: World
) -> None:
    talks = world.talks
    page = sit(world.administrator)
    row(page, "astrid.l").click()
    page.get_by_label("Reply to astrid.l").fill("Half a sen")

    row(page, "leila.haddad").click()
    expect(page.get_by_role("button", name="Accept")).to_be_visible()
    page.go_back()

    expect(page.get_by_label("Reply to astrid.l")).to_have_value("Half a sen")
    expect(page).to_have_url(re.compile(f"{talks.answered.public_id}/$"))


def test_what_is_typed_is_kept_when_the_conversation_is_taken_away(sit: Sit, world: World) -> None:
    talk = world.talks.answered
    page = sit(world.administrator)
    row(page, "astrid.l").click()
    page.get_by_label("Reply to astrid.l").fill("Half a sen")

    transfer_conversation(conversation=talk, skill=talk.skill, by="priya", now=timezone.now())
    accept = page.get_by_role("button", name="Accept")
    expect(accept).to_be_visible()
    page.keyboard.type("tence")
    expect(accept).to_be_visible()
    accept.click()

    expect(page.get_by_label("Reply to astrid.l")).to_have_value("Half a sen")


def test_whether_the_app_is_open_is_told(sit: Sit, world: World) -> None:
    talk = world.talks.answered
    assert talk.consumer_id is not None
    page = sit(world.administrator)
    row(page, "astrid.l").click()
    state = page.locator("#app-state")
    expect(state).to_have_text("The app is closed: your reply goes out as a push")

    with watching(talk.consumer_id):
        page.get_by_label("Reply to astrid.l").fill("Hello")
        page.keyboard.press("Control+Enter")

        expect(state).to_have_text("The app is open: your reply is seen at once")


def test_an_agent_is_seen_to_be_there_and_says_to_be_away(sit: Sit, amir: User) -> None:
    page = sit(amir)

    page.get_by_role("button", name="Available").click()

    expect(page.get_by_role("button", name="Away")).to_be_visible()
    presence = AgentPresence.objects.get(user=amir)
    assert presence.state == "away"
    assert (timezone.now() - presence.seen_at).total_seconds() < 60


def test_without_script_a_conversation_is_accepted_answered_transferred_and_closed(
    sit: Sit, amir: User, world: World, ingrid: Sdk
) -> None:
    CannedReplyFactory(account=world.account, shortcut="hours", text="We are here 8 to 20.")
    say(ingrid, "When are you open?")
    page = sit(amir, java_script_enabled=False)
    row(page).click()
    page.get_by_role("button", name="Accept").click()
    page.get_by_label("Reply to Ingrid").fill("Hello!")
    page.get_by_text("Canned", exact=True).click()
    page.get_by_role("button", name="/hours").click()
    expect(page.get_by_label("Reply to Ingrid")).to_have_value("Hello!\nWe are here 8 to 20.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#log")).to_contain_text("We are here 8 to 20.")

    page.get_by_role("link", name="Transfer").click()
    page.get_by_label("To which skill").select_option("Billing")
    page.get_by_role("button", name="Transfer").click()
    row(page).click()
    page.get_by_role("link", name="Close").click()
    page.get_by_role("button", name="Close the conversation").click()

    expect(page.get_by_text("This conversation is closed.")).to_be_visible()


def test_f4_a_widget_is_told_of_the_conversation_in_its_own_frame(
    sit: Sit, world: World, live_server: Any, settings: Any
) -> None:
    settings.PUBLIC_URL = live_server.url
    talk = world.talks.answered
    widget = world.account.widgets.get()
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        script = (
            "addEventListener('message', e => document.body.textContent = e.origin + e.data);"
            "parent.postMessage('chatwoot-dashboard-app:fetch-info', '*')"
        )
        route.fulfill(content_type="text/html", body=f"<body><script>{script}</script>")

    page = sit(world.administrator)
    page.context.route(f"{widget.url}*", answer)
    row(page, "astrid.l").click()
    assert asked == []

    page.get_by_role("radio", name="Orders").check()

    body = page.frame_locator("iframe[title=Orders]").locator("body")
    expect(body).to_contain_text(f'"id":"{talk.public_id}"')
    expect(body).to_contain_text('"identifier":"astrid.l"')
    expect(body).to_contain_text(live_server.url)
    assert f"conversationId={talk.public_id}&skill=Billing&consumerId=astrid.l" in asked[0]


def test_our_widget_lets_in_who_sits_at_the_workspace(
    sit: Sit, world: World, live_server: Any, settings: Any
) -> None:
    settings.PUBLIC_URL = live_server.url
    assert world.talks.answered
    page = sit(world.administrator)
    row(page, "astrid.l").click()

    page.get_by_role("radio", name="InApp-Widget").check()

    frame = page.frame_locator("iframe[title=InApp-Widget]")
    expect(frame.locator("#list")).to_contain_text("your new Larkfield card is on its way")
    expect(frame.get_by_role("button", name="Sign in")).to_be_hidden()
