"""S20: what people type into forms, and whom they look for, is in no log."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.world import World, make_world

CANARY = "Canary7Zq"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def at(world: World, view: str, **named: object) -> str:
    return reverse(view, kwargs={"account_number": world.account.number, **named})


def test_s20_no_log_has_what_was_typed_or_searched(
    world: World, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    client.post("/sign-in/", {"username": f"{CANARY}@x.example", "password": CANARY})
    client.force_login(world.administrator)
    way = {"app_id": world.brand.app.pk, "platform": "ios"}
    fields = ("token", "password", "text", "key", "name", "url", "secret")
    typed = dict.fromkeys(fields, CANARY)

    answers = [
        client.get(at(world, "consumer_list"), {"q": CANARY}),
        client.get(at(world, "campaign_list"), {"q": CANARY}),
        client.post(at(world, "settings_identity_token"), typed),
        client.post(f"{at(world, 'settings_credential', **way)}?provider=apns", typed),
        client.post(at(world, "settings_webhook_new"), typed),
        client.post(at(world, "settings_api_new"), typed),
        client.post(at(world, "handoff_preview"), typed),
    ]

    assert {answer.status_code for answer in answers} <= {200, 302}
    assert "request_finished" in caplog.text
    assert CANARY not in caplog.text
