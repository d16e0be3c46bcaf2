"""The main job from end to end: a call, a push, a tap, a reply, a conversation on its skill."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.invariants import check_store
from campaigns.models import OutboundMessage
from conversations.models import Conversation, ReplyRoute
from lab import brand
from lab.caller import Caller
from tests.live import Stack, wait_for


def token_of(caller: Caller) -> str:
    return str(caller.token().body["access_token"])


def send(caller: Caller, token: str) -> dict[str, Any]:
    """LivePerson's own sample body, word for word."""
    reply = caller.send(token, brand.SAMPLE_BODY)
    assert reply.status == 200, reply
    return reply.body


def final_state(caller: Caller, token: str, created: dict[str, Any]) -> dict[str, Any]:
    def ask() -> dict[str, Any] | None:
        reply = caller.recipient(
            token, created["proactiveCampaignId"], created["acceptedConsumers"][0]["id"]
        )
        # It asks faster than the account may; a refused request takes nothing.
        is_refused = reply.status == 429
        return None if is_refused or reply.body["status"] in {"queued", "sending"} else reply.body

    return dict(wait_for(ask, seconds=20, what="a final state"))


@pytest.mark.browser
def test_a_call_rings_is_tapped_answered_and_becomes_a_conversation_on_its_skill(
    page: Page, stack: Stack, caller: Caller
) -> None:
    """E1, E2, E4, E8, D2: with a real browser at the lab's phones."""
    token = token_of(caller)
    page.goto(f"{stack.url}/lab/")
    asked_at = time.monotonic()

    created = send(caller, token)
    notification = page.locator(".notif, .anotif").filter(has_text="welcome to proactive messaging")
    expect(notification).to_be_visible(timeout=20_000)
    print(f"\non the phone after {time.monotonic() - asked_at:.2f} s")
    notification.click()
    dialog = page.get_by_role("article").filter(has_text="welcome to proactive messaging")
    dialog.get_by_label("Reply on").fill("I would like to know more 😀")
    dialog.get_by_label("Reply on").press("Enter")

    expect(dialog.locator(".why")).to_contain_text("To sales, because", timeout=20_000)
    conversation = Conversation.objects.get()
    assert conversation.skill.name == "sales"
    told = final_state(caller, token, created)
    assert (told["status"], told["conversationId"]) == ("sent", str(conversation.public_id))
    assert [entry["event"] for entry in told["timeline"]][-1] == "replied"

    second = final_state(caller, token, send(caller, token))
    assert (second["status"], second["reason"]) == ("suppressed", "open_conversation")
    assert check_store(now=timezone.now()) == []


def test_a_reply_after_the_lookback_goes_to_the_default_skill(stack: Stack, caller: Caller) -> None:
    """E1"""
    token = token_of(caller)
    created = send(caller, token)
    final_state(caller, token, created)
    ReplyRoute.objects.update(valid_until=timezone.now() - timedelta(minutes=1))

    reply = caller.reply(
        brand.TESTER, {"text": "Late, sorry", "messageId": created["acceptedConsumers"][0]["id"]}
    )

    assert reply.status == 201, reply
    conversation = Conversation.objects.get()
    assert conversation.skill.name == "support"
    assert "default skill" in conversation.explanation


def test_a_broker_that_is_away_only_delays_by_a_sweep(stack: Stack, caller: Caller) -> None:
    """Accepting does not need the worker or the broker: the sweep finds the rows."""
    stack.kill("worker")
    token = token_of(caller)

    created = send(caller, token)

    assert final_state(caller, token, created)["status"] == "sent"
    assert OutboundMessage.objects.get().attempts == 1
