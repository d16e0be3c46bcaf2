"""A real Chromium, and a brand with phones for it to look at."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import ConsoleMessage, Page

from accounts.models import User
from common.event_stream import places
from conversations import desk_stream
from conversations.api import event_feed
from tests.factories.lab import LabBrand, lab_brand
from tests.needs import leave_out
from tests.pages import PageRoute
from tests.world import World, make_history, make_world

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
# What htmx says when a tap or another page overtakes the poll.
OVERTAKEN = ("htmx:sendAbort", "htmx:afterRequest")
# Playwright runs a loop in the test's thread; the ORM is used there all the same, one at a time.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", metavar="FOLDER", help="Write pictures of the pages there.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    if not Path(CHROMIUM).exists():
        leave_out(f"NO CHROMIUM at {CHROMIUM}: the pages are not tested in a browser.")
    return {
        "executable_path": CHROMIUM,
        "args": ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    }


@pytest.fixture(scope="session")
def base_url() -> None:
    """Each test says where it goes; the plugin's own fixture is one that pytest deprecates."""


@pytest.fixture(autouse=True)
def _settings(settings: Any) -> None:
    settings.LAB = "open"
    # The live server speaks plain http, where a browser takes no __Host- cookie.
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "session", "csrftoken"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False


@pytest.fixture(autouse=True)
def _live_views_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """That nobody reads one is noticed at its next beat; the next test has other tables."""
    monkeypatch.setattr(desk_stream, "BEAT_SECONDS", 0.2)
    monkeypatch.setattr(event_feed, "BEAT_INTERVAL", timedelta(seconds=0.2))
    yield
    patience_ends_at = time.monotonic() + 3
    while places.taken and time.monotonic() < patience_ends_at:
        time.sleep(0.02)


@pytest.fixture
def brand(transactional_db: None) -> LabBrand:
    """Three people and their phones, none of whom has been told anything."""
    made = lab_brand()
    made.phone("ingrid", name="Ingrid", label="Ingrid’s iPhone", os_version="19.1")
    made.phone("kola", name="Kola", platform="android", label="Kola’s Pixel", os_version="16")
    made.phone(
        "leila", name="Leila", platform="android", label="Leila’s old Galaxy", os_version="9"
    )
    return made


@pytest.fixture
def lab_url(brand: LabBrand, live_server: Any) -> str:
    return f"{live_server.url}/lab/{brand.account.number}/"


@pytest.fixture
def world(transactional_db: None) -> World:
    made = make_world()
    make_history(made.brand)
    return made


@pytest.fixture
def opened(page: Page, world: World, live_server: Any) -> Callable[[PageRoute], Page]:
    """Opens a page of the console as the brand's administrator."""
    sign_in(page, world.administrator, live_server.url)

    def open_page(route: PageRoute) -> Page:
        answer = page.goto(f"{live_server.url}{route.url(world)}")
        assert answer is not None
        assert answer.status == route.ok
        return page

    return open_page


def sign_in(page: Page, user: User, url: str) -> None:
    """Give the browser a session of this person."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])


@pytest.fixture(autouse=True)
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser complained about; nothing, or the test fails. CSP violations come here."""
    found: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        is_overtaken = message.text.startswith(OVERTAKEN)
        if message.type in {"error", "warning"} and not is_overtaken:
            found.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: found.append(str(error)))
    yield found
    assert found == []
