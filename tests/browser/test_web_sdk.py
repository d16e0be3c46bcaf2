"""The web SDK in Chromium: the demo brand's app, and a strict page of another origin."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Locator, Page, Route, expect

from accounts.models import Account
from campaigns.models import OutboundMessage
from campaigns.parsing import parse_call
from campaigns.services import create_campaign
from conversations.live import tell_typing
from conversations.models import Conversation, Sender
from conversations.services import add_agent_message
from lab import brand
from lab.brand import Secrets
from lab.caller import consumer_token
from tests.browser.axe import violations
from tests.factories.lab import deliver_all
from tests.live import wait_for

TEXT = "Hi Ingrid, your card is on its way 💳"
REFUSED = "Failed to load resource: the server responded with a status of 503"
MARKUP = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def account(transactional_db: None) -> Account:
    call_command("load_demo")
    return Account.objects.get(number=brand.NUMBER)


@pytest.fixture
def send(account: Account) -> Callable[[str], None]:
    """To Ingrid, whose phone stands in the lab."""

    def send_to_ingrid(text: str) -> None:
        recipient = {"consumerContent": {"inapp": "ingrid"}, "variables": {"1": text}}
        call = parse_call({**brand.sample(), "consumers": [recipient]}, max_recipients=100)
        now, trace = timezone.now(), uuid4()
        create_campaign(account=account, call=call, client_id="t", trace_id=trace, now=now)
        deliver_all()

    return send_to_ingrid


@pytest.fixture
def app(page: Page, account: Account, live_server: Any) -> Page:
    """The demo app, at which Ingrid has signed in."""
    page.goto(f"{live_server.url}/demo/")
    page.get_by_label("Who are you?").select_option("ingrid")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Hello, Ingrid")).to_be_focused()
    return page


def launcher(page: Page) -> Locator:
    return page.get_by_role("button", name="Messages")


def lines(page: Page) -> Locator:
    return page.get_by_role("log").locator("p")


def talk(page: Page, text: str) -> Conversation:
    """Ingrid opens the dialog and writes."""
    launcher(page).click()
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_label("Message", exact=True).press("Enter")
    expect(lines(page).last).to_have_text(f"You: {text}")
    return Conversation.objects.get()


def say(conversation: Conversation, text: str) -> None:
    add_agent_message(conversation=conversation, text=text, by="Amir", now=timezone.now())


def test_a_message_waits_in_the_inbox_is_opened_answered_and_counted(
    app: Page, send: Callable[[str], None]
) -> None:
    """E4: by keyboard alone."""
    send(TEXT)
    waiting = app.get_by_role("list").get_by_role("button", name=TEXT)
    expect(waiting).to_be_visible()
    expect(launcher(app)).to_have_text("Messages (1)")

    waiting.press("Enter")
    expect(lines(app)).to_have_text([f"Answer: {TEXT}"])
    field = app.get_by_label("Message", exact=True)
    expect(field).to_be_focused()
    app.keyboard.type("I moved 😅")
    app.keyboard.press("Enter")

    expect(lines(app)).to_have_text([f"Answer: {TEXT}", "You: I moved 😅"])
    expect(field).to_have_value("")
    app.keyboard.press("Escape")
    expect(launcher(app)).to_be_focused()
    expect(launcher(app)).to_have_text("Messages")
    assert OutboundMessage.objects.get().opened_at is not None
    assert Conversation.objects.get().skill.name == brand.SALES


def test_an_agents_words_and_typing_appear_live_and_count_until_they_are_seen(app: Page) -> None:
    """E6"""
    conversation = talk(app, "Hello?")
    app.evaluate("window.isSamePage = true")

    tell_typing(conversation, sender=Sender.AGENT, is_typing=True)
    expect(app.get_by_text("Typing …")).to_be_visible()
    say(conversation, "Good morning")
    expect(lines(app).last).to_have_text("Answer: Good morning")
    expect(app.get_by_text("Typing …")).to_have_count(0)
    app.keyboard.press("Escape")
    say(conversation, "Are you there?")

    expect(launcher(app)).to_have_text("Messages (1)")
    launcher(app).click()
    expect(lines(app).last).to_have_text("Answer: Are you there?")
    wait_for(lambda: seen_all(conversation), seconds=10, what="the agent's word to be read")
    assert app.evaluate("window.isSamePage") is True


def test_who_reads_further_up_is_left_there(app: Page) -> None:
    conversation = talk(app, "Hello?")
    log = app.get_by_role("log")
    say(conversation, "\n".join(["Good morning"] * 60))
    expect(lines(app)).to_have_count(3)
    assert log.evaluate("log => log.scrollTop") > 0

    log.evaluate("log => log.scrollTo(0, 0)")
    tell_typing(conversation, sender=Sender.AGENT, is_typing=True)
    expect(app.get_by_text("Typing …")).to_be_visible()
    say(conversation, "Are you there?")
    expect(lines(app)).to_have_count(4)

    assert log.evaluate("log => log.scrollTop") == 0


def seen_all(conversation: Conversation) -> bool:
    conversation.refresh_from_db()
    return bool(conversation.consumer_read_to == conversation.messages.latest("pk").pk)


def test_what_was_said_while_the_network_was_gone_is_there_when_it_is_back(
    app: Page, complaints: list[str]
) -> None:
    conversation = talk(app, "Hello?")
    app.context.set_offline(True)
    app.evaluate(HIDE, True)
    app.evaluate(HIDE, False)
    say(conversation, "One")
    say(conversation, "Two")

    app.context.set_offline(False)

    expect(lines(app)).to_have_text(
        [f"Answer: {brand.WELCOME}", "You: Hello?", "Answer: One", "Answer: Two"]
    )
    assert {text.rpartition(" ")[2] for text in complaints} <= {"net::ERR_INTERNET_DISCONNECTED"}
    complaints.clear()


def test_a_dialog_that_cannot_be_read_is_read_when_it_can_and_leaves_no_stream_behind(
    app: Page, complaints: list[str]
) -> None:
    """Browsers open six connections to a server, and no more."""
    conversation = talk(app, "Hello?")
    app.route("**/dialog", lambda route: route.fulfill(status=503, json={}))

    with hanging_up(app):
        say(conversation, "One")
    with hanging_up(app):
        say(conversation, "Two")
    app.unroute("**/dialog")

    expect(lines(app).last).to_have_text("Answer: Two")
    assert {text.partition(" (")[0] for text in complaints} == {REFUSED}
    complaints.clear()


def test_a_hidden_page_hangs_up_so_that_pushes_take_over(app: Page) -> None:
    with hanging_up(app):
        app.evaluate(HIDE, True)


def hanging_up(page: Page) -> AbstractContextManager[Any]:
    """The stream ends within the block."""
    return page.expect_event("requestfailed", lambda request: request.url.endswith("/events"))


def test_a_reply_whose_answer_is_lost_stays_in_the_field_and_is_said_once(
    app: Page, complaints: list[str]
) -> None:
    launcher(app).click()
    field = app.get_by_label("Message", exact=True)

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    app.route("**/replies", lose_the_answer)
    field.fill("Once")
    field.press("Enter")
    expect(app.get_by_text("Not sent. Try again.")).to_be_visible()
    expect(field).to_have_value("Once")
    app.unroute("**/replies")
    field.press("Enter")

    expect(field).to_have_value("")
    assert [one.text for one in Conversation.objects.get().messages.all()] == ["Once"]
    assert complaints == ["Failed to load resource: net::ERR_FAILED"]
    complaints.clear()


def test_a_token_that_cannot_be_had_is_asked_for_again_and_what_is_typed_meanwhile_stays(
    app: Page, complaints: list[str]
) -> None:
    talk(app, "Hello?")
    field = app.get_by_label("Message", exact=True)
    app.route("**/replies", lambda route: route.fulfill(status=401, json={}), times=1)
    app.route("**/demo/sign-in/", lambda route: route.abort(), times=1)
    field.fill("Once")
    field.press("Enter")
    expect(app.get_by_text("Not sent. Try again.")).to_be_visible()

    on_its_way: list[Route] = []
    app.route("**/replies", lambda route: on_its_way.append(route), times=1)
    with app.expect_request("**/replies"):
        field.press("Enter")
    field.press_sequentially(" more")
    on_its_way[0].continue_()

    expect(lines(app).last).to_have_text("You: Once")
    expect(field).to_have_value(" more")
    complaints.clear()


def test_markup_in_messages_stays_text(app: Page, send: Callable[[str], None]) -> None:
    send(MARKUP)
    conversation = talk(app, MARKUP)
    say(conversation, MARKUP)

    expect(lines(app)).to_have_text([f"{who}: {MARKUP}" for who in ("Answer", "You", "Answer")])
    expect(app).to_have_title("Larkfield Bank")
    assert app.locator("img, p b").count() == 0


def test_the_demo_app_and_the_dialog_are_accessible_in_both_themes_and_widths(
    app: Page, send: Callable[[str], None], live_server: Any
) -> None:
    """G4"""
    send(f"{TEXT} {'w' * 400}")
    expect(launcher(app)).to_have_text("Messages (1)")
    faults = looks(app)
    talk(app, "w" * 400)
    faults += looks(app)
    app.keyboard.press("Escape")
    app.get_by_role("button", name="Log out").click()
    expect(app.get_by_role("button", name="Sign in")).to_be_visible()
    faults += looks(app)

    assert faults == []


def looks(page: Page) -> list[str]:
    faults = []
    for width in (1440, 320):
        page.set_viewport_size({"width": width, "height": 700})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            faults += [f"{width} px, {scheme}: {fault}" for fault in violations(page)]
            if folder := os.environ.get("LOOKS"):
                page.screenshot(path=f"{folder}/{len(os.listdir(folder))}-{width}-{scheme}.png")
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append(f"{width} px: scrolls sideways")
    return faults


def test_a_push_service_that_does_not_answer_is_told_after_the_sdks_own_time(app: Page) -> None:
    """As Chromium's does where it cannot be reached; in a test's own profile it is refused."""
    app.context.grant_permissions(["notifications"])
    app.clock.install()
    app.evaluate("() => { PushManager.prototype.subscribe = () => new Promise(() => {}) }")

    app.get_by_role("button", name="Allow notifications").click()
    app.evaluate("navigator.serviceWorker.ready.then(() => null)")
    app.clock.run_for(21_000)

    expect(app.get_by_text("The browser’s push service does not answer.")).to_be_visible()


# As Safari is on iOS, outside the home screen.
WITHOUT_PUSH = """
  delete window.PushManager;
  delete ServiceWorkerRegistration.prototype.pushManager;
  delete ServiceWorkerRegistration.prototype.getNotifications;
"""
KEPT = "(await caches.open('proactive'))"


def test_without_web_push_everything_else_works(app: Page, send: Callable[[str], None]) -> None:
    app.evaluate("navigator.serviceWorker.register('/demo/sw.js').then(() => null)")
    app.evaluate("navigator.serviceWorker.ready.then(() => null)")
    app.evaluate(f"async () => {KEPT}.put('/', Response.json({{ token: 'old' }}))")
    app.add_init_script(WITHOUT_PUSH)
    app.reload()
    expect(app.get_by_role("heading", name="Hello, Ingrid")).to_be_focused()

    send(TEXT)
    expect(launcher(app)).to_have_text("Messages (1)")
    launcher(app).click()
    expect(launcher(app)).to_have_text("Messages")
    app.keyboard.press("Escape")
    app.get_by_role("button", name="Log out").click()

    expect(app.get_by_role("button", name="Sign in")).to_be_visible()
    wait_for(lambda: not kept(app)["token"], seconds=10, what="the worker to forget the token")


def kept(page: Page) -> Any:
    """What the worker keeps."""
    return page.evaluate(f"async () => (await {KEPT}.match('/')).json()")


BRAND_PAGE = """<!doctype html><html lang="en"><title>Brand</title><link rel="icon" href="data:,">
<script type="module" src="/app.js"></script><proactive-dialog></proactive-dialog></html>"""
BRAND_APP = """
import { connect } from "%(url)s/sdk/v1/proactive.js";
import "%(url)s/sdk/v1/dialog.js";
const tokens = %(tokens)s;
window.asked = 0;
const client = await connect({
  account: %(account)s, app: "com.larkfield.web", getToken: async () => tokens[window.asked++],
});
document.querySelector("proactive-dialog").client = client;
"""
STRICT = (
    "default-src 'none'; img-src data:; script-src 'self' {url}; connect-src {url};"
    " base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


@contextmanager
def served(url: str, tokens: list[str]) -> Iterator[str]:
    """A brand's own server, at an address of its own."""
    values = {"url": url, "account": brand.NUMBER, "tokens": tokens}
    files = {"/": (BRAND_PAGE, "text/html"), "/app.js": (BRAND_APP % values, "text/javascript")}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, kind = files[self.path]
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Security-Policy", STRICT.format(url=url))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://brand.localhost:{server.server_port}"
        server.shutdown()


def test_a_brands_page_of_another_origin_works_under_a_strict_policy(
    page: Page, account: Account, live_server: Any, complaints: list[str]
) -> None:
    """C9; a token that is refused is asked for again, once."""
    good = consumer_token("ingrid", Secrets.read())
    with served(live_server.url, ["x.y.z", good]) as origin:
        account.apps.filter(bundle_id=brand.WEB_APP).update(origins=[origin])
        page.goto(origin)
        talk(page, "From another origin")

    assert page.evaluate("window.asked") == 2
    assert [text for text in complaints if "401" not in text] == []
    complaints.clear()


def test_logging_out_ends_the_stream_and_forgets_the_person(app: Page) -> None:
    """C4"""
    talk(app, "Hello?")
    app.evaluate("window.client = document.querySelector('proactive-dialog').client")
    late: list[Route] = []
    app.route("**/unread", lambda route: late.append(route), times=1)
    with app.expect_request("**/unread"):
        app.evaluate("() => { window.late = window.client.refresh().catch(() => {}) }")
    with hanging_up(app):
        app.evaluate("window.client.logout()")
    late[0].continue_()
    app.evaluate("window.late")
    expect(lines(app)).to_have_count(0)
    assert app.evaluate("window.client.conversation") is None
    app.keyboard.press("Escape")

    app.get_by_role("button", name="Log out").click()

    expect(app.get_by_role("button", name="Sign in")).to_be_visible()
    app.reload()
    expect(app.get_by_role("button", name="Sign in")).to_be_visible()


class Worker:
    """The app's service worker, and pushes to it by the browser's debugger."""

    def __init__(self, page: Page) -> None:
        page.context.grant_permissions(["notifications"])
        self._page = page
        self._ids: list[str] = []
        self._debugger = page.context.new_cdp_session(page)
        self._debugger.on("ServiceWorker.workerRegistrationUpdated", self._note)
        self._debugger.send("ServiceWorker.enable")
        page.evaluate("navigator.serviceWorker.register('/demo/sw.js').then(() => null)")
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")

    def _note(self, event: dict[str, Any]) -> None:
        self._ids += [one["registrationId"] for one in event["registrations"]]

    def tell(self, **known: str) -> None:
        """What `connect` and `logout` tell it."""
        told = "ready => ready.active.postMessage({ proactive: told })"
        self._page.evaluate(f"told => navigator.serviceWorker.ready.then({told})", known)

    def push(self, message_id: str, *, seconds: float) -> None:
        """A message whose lookback lasts so long."""
        keys = {"id": message_id, "title": "Larkfield", "message": "Hi", "backendService": "prmsg"}
        data = json.dumps({**keys, "expirationEpochTime": time.time() + seconds})
        address = {"origin": urlsplit(self._page.url)._replace(path="").geturl()}
        found = {**address, "registrationId": self._ids[-1], "data": data}
        self._debugger.send("ServiceWorker.deliverPushMessage", found)

    def shown(self) -> list[str]:
        found = self._page.evaluate(
            "navigator.serviceWorker.ready.then((ready) => ready.getNotifications())"
            ".then((shown) => shown.map((one) => one.tag))"
        )
        return sorted(found)


def test_a_notification_goes_away_after_its_lookback(app: Page) -> None:
    """D6: at the latest when the next one comes."""
    worker = Worker(app)
    worker.push("a" * 32, seconds=1)
    wait_for(lambda: worker.shown() == ["a" * 32], seconds=10, what="one notification")
    app.wait_for_timeout(1000)

    def is_alone() -> bool:
        worker.push("b" * 32, seconds=60)
        return worker.shown() == ["b" * 32]

    wait_for(is_alone, seconds=10, what="the other one alone")


def test_the_worker_tells_delivered_with_the_token_that_it_was_given_and_not_without(
    app: Page, send: Callable[[str], None]
) -> None:
    send(TEXT)
    message = OutboundMessage.objects.get()
    worker = Worker(app)
    api = f"{app.url.removesuffix('/demo/')}/api/sdk/v1/account/{brand.NUMBER}/"
    worker.tell(api=api, page=app.url, token="")
    worker.push(message.public_id.hex, seconds=60)
    wait_for(lambda: worker.shown() == [message.public_id.hex], seconds=10, what="a notification")
    assert not was_delivered(message)

    worker.tell(api=api, page=app.url, token=consumer_token("ingrid", Secrets.read()))

    def is_told() -> bool:
        worker.push(message.public_id.hex, seconds=60)
        return was_delivered(message)

    wait_for(is_told, seconds=10, what="the receipt")
    assert worker.shown() == [message.public_id.hex]


def was_delivered(message: OutboundMessage) -> bool:
    message.refresh_from_db()
    return message.delivered_at is not None
