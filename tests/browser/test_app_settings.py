"""Settings as an administrator uses them: a credential, a test push, a token."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from consumers.models import Consumer
from push.models import LabPush, PushCredential
from tests.consumers.tokens import claims, sign
from tests.providers.fcm_accounts import make_file
from tests.world import World, make_world

Open = Callable[..., None]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def cookies(world: World, live_server: Any) -> list[Any]:
    client = Client()
    client.force_login(world.administrator)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    return [{"name": cookie.key, "value": cookie.value, "url": live_server.url}]


@pytest.fixture
def visit(page: Page, world: World, cookies: list[Any], live_server: Any) -> Open:
    page.context.add_cookies(cookies)

    def go(view: str, *named: Any) -> None:
        page.goto(f"{live_server.url}{reverse(view, args=[world.account.number, *named])}")

    return go


def file(name: str, text: str) -> Any:
    return {"name": name, "mimeType": "application/json", "buffer": text.encode()}


def test_a_credential_is_uploaded_and_a_test_push_sent(
    page: Page, world: World, visit: Open
) -> None:
    app = world.brand.app
    visit("settings_app", app.pk)
    page.get_by_role("link", name="Replace the credential for Android").click()
    page.get_by_role("link", name="Firebase Cloud Messaging").click()

    page.get_by_label("Service account, the JSON file").set_input_files(
        file("google-services.json", json.dumps({"project_info": {}}))
    )
    page.get_by_role("button", name="Save Firebase Cloud Messaging").click()
    expect(page.get_by_role("alert")).to_contain_text("This is the app's google-services.json")

    page.get_by_label("Service account, the JSON file").set_input_files(
        file("key.json", json.dumps(make_file("larkfield-prod")))
    )
    page.get_by_role("button", name="Save Firebase Cloud Messaging").click()
    expect(page.get_by_role("status")).to_contain_text("was saved for Android")
    expect(page.get_by_text("larkfield-prod", exact=True)).to_be_visible()
    assert PushCredential.objects.get(app=app, platform="android").provider == "fcm"

    page.get_by_role("link", name="Test push on iOS").click()
    expect(page.get_by_role("heading", name="Test push on iOS")).to_be_visible()
    page.get_by_label("Consumer id").fill("ingrid")
    page.get_by_role("button", name="Show the devices").click()
    expect(page.get_by_role("heading", name="Test push on iOS")).to_be_visible()
    page.get_by_text("Ingrid’s iPhone").click()
    page.get_by_role("button", name="Send the test push").click()

    expect(page.get_by_role("region", name="Last test push")).to_contain_text("took the push")
    assert LabPush.objects.get().title == app.name


def test_a_token_is_looked_at_and_forgotten(page: Page, visit: Open) -> None:
    visit("settings_identity")
    token = sign(claims(sub="anna", iss="https://elsewhere.example"))

    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Look at it").click()

    refused = page.get_by_role("row").filter(has=page.locator(".chip--failed"))
    expect(refused).to_have_count(1)
    expect(refused).to_contain_text("iss is not the issuer set for the account.")
    expect(page.get_by_role("region", name="Claims")).to_contain_text('"sub": "anna"')
    expect(page.get_by_label("Token")).to_have_value("")


def test_a_person_opts_out_and_in_and_is_erased_without_javascript(
    browser: Browser, world: World, cookies: list[Any], live_server: Any
) -> None:
    """C8, G4"""
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"{live_server.url}{reverse('consumer_list', args=[world.account.number])}")
    page.get_by_label("Consumer id").fill("ingr")
    page.get_by_role("button", name="Look").click()
    page.get_by_role("link", name="ingrid").click()

    page.get_by_role("button", name="Opt out").click()
    expect(page.get_by_text("The person does not want messages from you.")).to_be_visible()
    page.get_by_role("button", name="Opt in again").click()
    expect(page.get_by_text("On 1 device.")).to_be_visible()
    with page.expect_download() as exported:
        page.get_by_role("button", name="Export").click()
    assert "ingrid" not in exported.value.suggested_filename

    page.get_by_role("link", name="Erase").click()
    expect(page.get_by_text("What goes, for good")).to_be_visible()
    page.get_by_role("button", name="Erase this person").click()

    expect(page.get_by_text("The person was erased")).to_be_visible()
    assert not Consumer.objects.filter(account=world.account, ref="ingrid").exists()
    context.close()
