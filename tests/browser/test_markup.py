"""S3: what people and phones call themselves is text on every page, never markup."""

from typing import Any

from playwright.sync_api import Page

from accounts.models import Skill, User
from campaigns.models import Campaign, OutboundMessage
from consumers.models import Consumer, Device
from conversations.models import Message, ReplyRoute
from handoffs.models import Handoff
from tests.pages import LOOKS
from tests.world import World

PAYLOADS = (
    "<img src=x onerror='window.__x=1'>",
    "</title></script><script>window.__x=1</script>",
    '" autofocus onfocus=window.__x=1 x="',
    "{{ 7|add:7 }}<svg/onload=window.__x=1>",
    "javascript:window.__x=1",
)
PAYLOAD = " ".join(PAYLOADS)
FIELDS = (
    (User, ("name",), 150),
    (Skill, ("name",), 200),
    (Handoff, ("title", "text", "notification_title"), 250),
    (Campaign, ("name", "skill_name", "client_id"), 100),
    (Consumer, ("name",), 100),
    (Device, ("label", "model", "os_version", "city"), 30),
    (OutboundMessage, ("title", "text"), 250),
    (ReplyRoute, ("campaign_name", "handoff_title", "text"), 250),
    (Message, ("text",), 250),
)


def poison(world: World) -> None:
    """Write markup into every field that somebody else fills in, past all checks."""
    for model, names, length in FIELDS:
        for row in model.objects.all():
            for n, name in enumerate(names):
                setattr(row, name, f"{row.pk} {PAYLOADS[n % len(PAYLOADS)]} {PAYLOAD}"[:length])
            row.save(update_fields=list(names))
    world.account.name = PAYLOAD[:200]
    world.account.save(update_fields=["name"])


def test_markup_in_every_field_stays_text_on_every_page(
    opened: Any, page: Page, world: World
) -> None:
    assert world.sent.accepted
    poison(world)

    for route in LOOKS:
        opened(route)
        assert page.evaluate("window.__x") is None, str(route)
        assert page.locator("img[src=x]").count() == 0, str(route)
