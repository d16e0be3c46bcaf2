"""A phone of the lab shows what an agent says, and its app tells that it was read (E6, D2)."""

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from consumers.models import Device
from conversations.models import Conversation
from conversations.services import add_agent_message
from tests.conversations.reply_phones import work
from tests.factories.conversations import ConversationFactory
from tests.factories.lab import LabBrand
from tests.lab.test_views import desk, page, seen

NOTIFICATION = '<button class="notif'


@pytest.fixture
def phone(brand: LabBrand) -> Device:
    return brand.phone("ingrid")


@pytest.fixture
def talk(phone: Device) -> Conversation:
    found: Conversation = ConversationFactory(consumer=phone.consumer)
    return found


def say(talk: Conversation, text: str = "Your card is on its way") -> Any:
    message = add_agent_message(conversation=talk, text=text, by="bot", now=timezone.now())
    work()
    return message


def test_a_phone_shows_what_an_agent_said_as_a_notification(
    client: Client, brand: LabBrand, talk: Conversation
) -> None:
    say(talk)

    html = page(client, desk(brand))

    assert NOTIFICATION in html
    assert "Your card is on its way" in html
    assert "&quot;backendService&quot;:&quot;ams&quot;" in html


def test_a_tap_opens_the_dialog_and_tells_that_it_was_read(
    client: Client, brand: LabBrand, phone: Device, talk: Conversation
) -> None:
    message = say(talk)

    client.post(f"{desk(brand)}phones/{phone.pk}/tap/", {"message": message.public_id}, follow=True)

    talk.refresh_from_db()
    assert talk.consumer_read_to == message.pk
    html = page(client, desk(brand))
    assert NOTIFICATION not in html
    assert "The person tapped it" in html


def test_what_comes_while_the_dialog_is_open_is_read_there(
    client: Client, brand: LabBrand, phone: Device, talk: Conversation
) -> None:
    message = say(talk)

    html = page(client, desk(brand), app=phone.pk)

    talk.refresh_from_db()
    assert "Your card is on its way" in html
    assert talk.consumer_read_to == message.pk


def test_another_phone_of_the_person_lets_go_of_what_was_read(
    client: Client, brand: LabBrand, phone: Device, talk: Conversation
) -> None:
    other = brand.app.devices.create(
        account=brand.account, consumer=phone.consumer, platform="android", token="other"
    )
    say(talk)
    with time_machine.travel(timezone.now(), tick=False):
        shown = seen(client, brand)
        client.post(f"{desk(brand)}phones/{phone.pk}/", {"screen": "app"}, follow=True)
        changes = client.get(f"{desk(brand)}changes/", {"phone": shown}).content.decode()

    assert f'id="phone-{other.pk}"' in changes
    assert NOTIFICATION not in changes
