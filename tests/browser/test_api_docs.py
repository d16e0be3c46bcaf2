"""The page of the OpenAPI document works under our Content-Security-Policy, from our own server."""

from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect


@pytest.mark.django_db(transaction=True)
def test_api_page_shows_every_operation_and_asks_no_other_server(
    page: Page, live_server: Any
) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))

    page.goto(f"{live_server.url}/api/docs/")
    page.get_by_text("Send a campaign", exact=True).click()

    expect(page.get_by_text("Idempotency-Key").first).to_be_visible()
    expect(page.get_by_text("Register a device", exact=True)).to_be_visible()
    assert [
        one.url for one in asked if not one.url.startswith((live_server.url, "data:", "blob:"))
    ] == []
