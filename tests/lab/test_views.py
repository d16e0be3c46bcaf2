"""The lab's door, and what it asks of the database."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import Role
from accounts.services import grant_role
from campaigns.models import OutboundMessage
from consumers.models import Consumer, Device
from conversations.models import Conversation
from push.models import LabPush, PushCredential
from tests.factories.accounts import UserFactory
from tests.factories.lab import LabBrand, lab_brand

WORDS = re.compile(r'name="phone" value="([^"]+)"')


def desk(brand: LabBrand) -> str:
    return f"/lab/{brand.account.number}/"


def page(client: Client, url: str, **query: Any) -> str:
    return client.get(url, query).content.decode()


def seen(client: Client, brand: LabBrand) -> list[str]:
    """What a browser would say that it shows."""
    return WORDS.findall(page(client, desk(brand)))


@pytest.mark.parametrize("path", ["", "changes/", "send/", "provider/", "phones/new/"])
def test_the_lab_is_not_there_when_it_is_switched_off(
    client: Client, brand: LabBrand, settings: Any, path: str
) -> None:
    settings.LAB = "off"

    assert client.get("/lab/").status_code == 404
    assert client.get(desk(brand) + path).status_code == 404
    assert client.post(desk(brand) + path).status_code == 404


def test_the_lab_of_members_asks_a_stranger_to_sign_in(
    client: Client, brand: LabBrand, settings: Any
) -> None:
    settings.LAB = "members"

    response = client.get(desk(brand))

    assert response.status_code == 302
    assert response["Location"] == f"/sign-in/?next={desk(brand)}"


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.ADMINISTRATOR, 200),
        (Role.CAMPAIGN_MANAGER, 200),
        (Role.AGENT_MANAGER, 403),
        (Role.AGENT, 403),
        (None, 404),
    ],
)
def test_the_lab_of_members_opens_for_those_who_may_see_campaigns(
    client: Client, brand: LabBrand, settings: Any, role: Role | None, status: int
) -> None:
    settings.LAB = "members"
    user = UserFactory()
    if role:
        grant_role(user=user, account=brand.account, role=role, by="tests")
    client.force_login(user)

    assert client.get(desk(brand)).status_code == status


def test_the_front_page_leads_to_the_account_with_phones(client: Client, brand: LabBrand) -> None:
    other = lab_brand()
    other.phone("ingrid")

    assert client.get("/lab/")["Location"] == desk(other)


def test_the_front_page_without_a_lab_says_so(client: Client, db: None) -> None:
    assert "No app pushes to the lab" in page(client, "/lab/")


def test_another_brands_phone_is_not_there(client: Client, brand: LabBrand) -> None:
    device = lab_brand().phone("ingrid")

    for path in ("", "tap/", "reply/", "end/"):
        assert client.post(f"{desk(brand)}phones/{device.pk}/{path}").status_code == 404


def test_a_phone_whose_app_pushes_elsewhere_is_not_on_the_desk(
    client: Client, brand: LabBrand
) -> None:
    brand.phone("ingrid", label="Ingrid’s iPhone")
    PushCredential.objects.filter(platform="ios").update(provider="proxy")

    assert "Ingrid’s iPhone" not in page(client, desk(brand))


def test_a_message_of_another_phone_cannot_be_tapped(client: Client, brand: LabBrand) -> None:
    ingrid = brand.phone("ingrid")
    brand.phone("kola")
    brand.send({"kola": "Hi"})
    message = OutboundMessage.objects.get()

    for value in (message.public_id, "junk", "\0"):
        response = client.post(f"{desk(brand)}phones/{ingrid.pk}/tap/", {"message": value})
        assert response.status_code == 404

    assert OutboundMessage.objects.get().opened_at is None


def test_a_notification_leaves_the_phone_when_its_lookback_ends(
    client: Client, brand: LabBrand
) -> None:
    brand.phone("ingrid")
    brand.send({"ingrid": "Soon over"})
    assert '<button class="notif' in page(client, desk(brand))

    OutboundMessage.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert '<button class="notif' not in page(client, desk(brand))


def test_a_push_that_was_accepted_in_silence_is_not_shown(client: Client, brand: LabBrand) -> None:
    brand.phone("lab:silent")
    brand.send({"lab:silent": "Nobody sees this"})

    html = page(client, desk(brand))

    assert '<button class="notif' not in html
    assert OutboundMessage.objects.get().delivered_at is None


def test_the_request_stands_on_the_page_byte_for_byte(client: Client, brand: LabBrand) -> None:
    brand.phone("ingrid")
    brand.send({"ingrid": "Hi"})

    html = page(client, desk(brand))

    assert LabPush.objects.get().request_body.replace('"', "&quot;") in html


@pytest.mark.parametrize("text", ["", "  ", "\u200b", "a\x07b", "x" * 5001])
def test_a_reply_that_cannot_be_sent_says_why_and_keeps_what_was_typed(
    client: Client, brand: LabBrand, text: str
) -> None:
    ingrid = brand.phone("ingrid")

    response = client.post(f"{desk(brand)}phones/{ingrid.pk}/reply/", {"text": text})

    assert response.status_code == 400
    assert 'role="alert">The text ' in response.content.decode()
    assert f'value="{text}"' in response.content.decode()
    assert not Conversation.objects.exists()


def test_a_phone_that_is_added_is_signed_in_and_in_the_registry(
    client: Client, brand: LabBrand
) -> None:
    credential = PushCredential.objects.get(platform="android")

    client.post(
        f"{desk(brand)}phones/new/",
        {"consumer_ref": " spaced ", "credential": credential.pk, "label": "New one"},
    )

    device = Device.objects.get()
    assert (device.consumer.ref, device.platform, device.label) == (
        " spaced ",
        "android",
        "New one",
    )
    assert device.consumer.last_login_at is not None


@pytest.mark.parametrize("ref", ["", "a\0b", "x" * 256])
def test_a_phone_without_a_sound_consumer_id_is_refused_beside_the_field(
    client: Client, brand: LabBrand, ref: str
) -> None:
    credential = PushCredential.objects.get(platform="ios")

    response = client.post(
        f"{desk(brand)}phones/new/", {"consumer_ref": ref, "credential": credential.pk}
    )

    assert 'id="id_consumer_ref_error"' in response.content.decode()
    assert not Consumer.objects.exists()


def test_send_to_all_says_what_is_missing(client: Client, brand: LabBrand) -> None:
    brand.phone("ingrid")
    brand.handoff.is_active = False
    brand.handoff.save()

    html = client.post(f"{desk(brand)}send/", follow=True).content.decode()

    assert "There is no active In-App handoff. Create one, then send." in html
    assert not OutboundMessage.objects.exists()


def test_send_to_all_fills_placeholders_with_the_persons_name(
    client: Client, brand: LabBrand
) -> None:
    brand.phone("ingrid", name="Ingrid")
    brand.handoff.text = "Hi ${{1}}, your card is on its way"
    brand.handoff.save()

    client.post(f"{desk(brand)}send/")

    assert OutboundMessage.objects.get().text == "Hi Ingrid, your card is on its way"


def test_an_idle_desk_costs_one_query_for_its_phones(
    client: Client, brand: LabBrand, django_assert_num_queries: Any
) -> None:
    for ref in ("ingrid", "kola", "leila"):
        brand.phone(ref)
    brand.send({"ingrid": "Hi", "kola": "Hi"})
    seen(client, brand)  # notes that the messages are delivered

    with time_machine.travel(timezone.now(), tick=False):
        shown = seen(client, brand)
        with django_assert_num_queries(2):  # the account, the phones
            response = client.get(f"{desk(brand)}changes/", {"phone": shown})

    assert response.status_code == 204
    assert response.content == b""


def test_a_desk_that_changed_gets_the_changed_phone_alone(client: Client, brand: LabBrand) -> None:
    ingrid, kola = brand.phone("ingrid"), brand.phone("kola")
    with time_machine.travel(timezone.now(), tick=False):
        shown = seen(client, brand)
        brand.send({"kola": "Hi"})

        html = page(client, f"{desk(brand)}changes/", phone=shown)

    assert f'id="phone-{kola.pk}"' in html
    assert f'id="phone-{ingrid.pk}"' not in html
    assert "notif slide-in" in html


def test_a_desk_with_another_phone_is_loaded_again(client: Client, brand: LabBrand) -> None:
    brand.phone("ingrid")
    shown = seen(client, brand)
    brand.phone("kola")

    response = client.get(f"{desk(brand)}changes/", {"phone": shown})

    assert response["HX-Refresh"] == "true"


def test_the_desk_asks_as_much_for_one_phone_as_for_three(
    client: Client, brand: LabBrand, django_assert_num_queries: Any
) -> None:
    for refs in (["ingrid"], ["kola", "leila"]):
        for ref in refs:
            brand.phone(ref)
        brand.send(dict.fromkeys(refs, "Hi"))
        client.get(desk(brand))
        with django_assert_num_queries(11):
            client.get(desk(brand))


def test_the_page_carries_a_policy_that_lets_no_foreign_script_in(
    client: Client, brand: LabBrand
) -> None:
    policy = client.get(desk(brand))["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
