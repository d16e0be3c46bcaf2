"""Real Web Push, end to end and offline: Firefox, our worker, and a push service of the tests."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from campaigns.models import EventKind, MessageEvent, OutboundMessage
from consumers.models import Device
from conversations.models import Conversation
from lab import brand
from lab.brand import Secrets
from lab.instructions import campaign_command, token_command
from tests.firefox import Firefox, firefox
from tests.flows.printed import skip_without_curl
from tests.live import Stack, live_stack, wait_for
from tests.providers.certificates import make_certificate, server_context
from tests.providers.proxy_server import run_in_thread
from tests.providers.push_socket import DELIVERED, ListenedService, listened
from tests.providers.webpush_server import make_server

HOST = "127.0.0.1"
TEXT = "Hi user1, your card 💳 is on its way 👩‍👩‍👧‍👦"
DIALOG = "const dialog = document.querySelector('proactive-dialog')?.shadowRoot;"
LINES = f"""{DIALOG}
return [...dialog?.querySelectorAll("section:not([hidden]) [role=log] p") ?? []]
  .map((line) => line.lastChild.textContent);"""
REPLY = f"""{DIALOG}
dialog.querySelector("textarea").value = args[0];
dialog.querySelector("form button").click();"""
CLOSE = f"{DIALOG} dialog.querySelector('header button').click();"
# As in the browser's settings.
DENY = """
const principal = Services.scriptSecurityManager.createContentPrincipalFromOrigin(args[0]);
Services.perms.addFromPrincipal(principal, "desktop-notification", Services.perms.DENY_ACTION);"""
IS_ON = "return document.querySelector('#push-state').textContent === 'On in this browser.'"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ListenedService]:
    authority = make_certificate("Test authority")
    certificate = make_certificate("push service", issuer=authority, hosts=(HOST,))
    (tmp_path / "ca.pem").write_text(authority.cert_pem)
    tls = server_context(certificate, tmp_path, protocols=("h2",))
    server, made = make_server(tmp_path / "pushes.jsonl", tls, ListenedService)
    with run_in_thread(server):
        yield made
    os.close(server.log.file)


@pytest.fixture
def stack(
    transactional_db: None, service: ListenedService, tmp_path: Path, collected: str
) -> Iterator[Stack]:
    call_command("load_demo")
    egress = {
        "WEB_PUSH_HOSTS": HOST,
        "EGRESS_CA_FILE": str(tmp_path / "ca.pem"),
        "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    with live_stack(tmp_path, STATIC_ROOT=collected, WEB_CONCURRENCY="1", **egress) as stack:
        stack.start("web", "worker", "sweep")
        stack.wait_until_ready()
        yield stack


@pytest.fixture
def app(stack: Stack, service: ListenedService, tmp_path: Path) -> Iterator[Firefox]:
    """At the demo app, signed in, and subscribed."""
    with listened(service) as address, firefox(tmp_path / "profile", address) as app:
        app.go(f"{stack.url}/demo/")
        app.page("document.querySelector('#sign-in button').click();")
        app.wait("return !document.querySelector('#in').hidden", what="the signed-in page")
        app.page("document.querySelector('#subscribe').click();")
        app.wait(IS_ON, what="a subscription")
        yield app


@pytest.fixture
def agent(stack: Stack, page: Page) -> Page:
    """Amir at his workspace, in a browser of his own."""
    page.goto(f"{stack.url}/account/{brand.NUMBER}/workspace/")
    page.get_by_label("E-mail").fill("agent@larkfield.example")
    page.get_by_label("Password").fill(Secrets.read(os.environ).password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Nobody waits")).to_be_visible()
    return page


@pytest.fixture
def call(stack: Stack) -> Callable[[str], None]:
    """Sends a message to user1 by the calls that script/server prints."""
    skip_without_curl()
    secrets = Secrets.read(os.environ)
    sample = "Hi user1, welcome to proactive messaging."

    def send(text: str) -> None:
        printed = f"{token_command(url=stack.url, secrets=secrets)}\n\n{campaign_command()}"
        assert sample in printed
        done = subprocess.run(
            ["sh", "-c", printed.replace(sample, text)], capture_output=True, text=True, check=True
        )
        assert '"acceptedConsumers":[{' in done.stdout, done.stdout

    return send


def wait_until_shown(app: Firefox, *texts: str) -> None:
    wait_for(lambda: app.notifications() == sorted(texts), seconds=30, what="the notifications")


def wait_for_lines(app: Firefox, *lines: str) -> None:
    wait_for(lambda: app.page(LINES) == list(lines), seconds=30, what="lines of the dialog")


@pytest.mark.browser
def test_a_call_is_shown_by_firefox_tapped_and_answered_and_so_is_the_agents_word(
    app: Firefox, agent: Page, service: ListenedService, call: Callable[[str], None]
) -> None:
    """D1, D7, E1, E4, E6: sealed by us, opened by the browser, shown by our worker."""
    app.go("about:blank")
    call(TEXT)
    wait_until_shown(app, TEXT)
    message = OutboundMessage.objects.get()
    wait_for(lambda: OutboundMessage.objects.get().delivered_at, seconds=10, what="delivered")
    assert (service.codes, message.opened_at) == ([DELIVERED], None)

    tap(app, TEXT)
    wait_for_lines(app, TEXT)
    app.page(REPLY, "I moved 😅")
    wait_for_lines(app, TEXT, "I moved 😅")
    message.refresh_from_db()
    assert message.opened_at is not None
    conversation = Conversation.objects.get()
    assert (conversation.skill.name, conversation.consumer.ref) == (brand.SALES, brand.TESTER)

    agent.get_by_role("navigation", name="Queue").get_by_role("link", name="User One").click()
    expect(agent.locator("#log")).to_contain_text("I moved 😅")
    agent.get_by_role("button", name="Accept").click()
    say(agent, "Where to?")
    wait_for_lines(app, TEXT, "I moved 😅", "Where to?")
    assert app.notifications() == []
    app.go("about:blank")
    say(agent, "Are you there? 👋")
    wait_until_shown(app, "Are you there? 👋")
    tap(app, "Are you there? 👋")
    wait_for_lines(app, TEXT, "I moved 😅", "Where to?", "Are you there? 👋")


@pytest.mark.browser
def test_firefox_shows_once_what_came_while_it_was_closed_and_is_forgotten_when_it_may_not(
    app: Firefox, service: ListenedService, call: Callable[[str], None], stack: Stack
) -> None:
    """I3: a repeated push has the same tag. C6: the push service answers 410."""
    app.stop()
    for text in ("The first 1️⃣", "The second 2️⃣"):
        call(text)
    wait_for(lambda: len(service.waiting()) == 2, seconds=30, what="two pushes")
    app.start()
    wait_until_shown(app, "The first 1️⃣", "The second 2️⃣")
    service.send_last_again()
    wait_for(lambda: service.codes == [DELIVERED] * 3, seconds=10, what="the repeated push")
    wait_until_shown(app, "The first 1️⃣", "The second 2️⃣")

    tap(app, "The first 1️⃣")
    wait_for_lines(app, "The first 1️⃣", "The second 2️⃣")
    wait_until_shown(app)

    app.page(CLOSE)
    call("The third 3️⃣")
    wait_until_shown(app, "The third 3️⃣")
    tap(app, "The third 3️⃣")
    wait_for_lines(app, "The first 1️⃣", "The second 2️⃣", "The third 3️⃣")

    app.browser(DENY, stack.url)
    wait_for(service.has_ended, seconds=10, what="the subscription to end")
    call(TEXT)
    wait_for(lambda: state_of_newest() == "sent", seconds=30, what="the phone to get it")
    device = Device.objects.get(app__bundle_id=brand.DEMO_APP)
    assert device.removed_reason == "token_gone"
    pushes = MessageEvent.objects.filter(message__text=TEXT, kind=EventKind.PUSH).order_by("id")
    assert [one.reason for one in pushes] == ["token_gone", ""]
    assert app.notifications() == []


def tap(app: Firefox, text: str) -> None:
    app.tap(text)
    app.look_at("Larkfield Bank")


def say(agent: Page, text: str) -> None:
    agent.get_by_label("Reply to User One").fill(text)
    agent.get_by_role("button", name="Send").click()
    expect(agent.get_by_label("Reply to User One")).to_have_value("")


def state_of_newest() -> str:
    return OutboundMessage.objects.latest("pk").state
