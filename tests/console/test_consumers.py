"""Consumers: found by id, told why they are reached or not, opted out and in."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import AuditEvent
from campaigns.models import OutboundMessage
from campaigns.people import MOST_FOUND, find_people
from consumers.models import Consumer, Device
from conversations.services import receive_message
from tests.factories.accounts import AppFactory
from tests.factories.consumers import ConsumerFactory, DeviceFactory
from tests.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def administrator(world: World) -> Client:
    client = Client()
    client.force_login(world.administrator)
    return client


def person(world, ref="ingrid"):
    return Consumer.objects.get(account=world.account, ref=ref)


def url(world, view="consumer_page", ref="ingrid"):
    return reverse(view, args=[world.account.number, str(person(world, ref).pk)])


def look(client, world, text):
    return client.get(reverse("consumer_list", args=[world.account.number]), {"q": text})


def names(page):
    found = page.context["found"]
    return [one.ref for one in found.people]


def test_a_consumer_is_found_by_the_very_id_first_and_then_by_how_ids_begin(world, administrator):
    for ref in ("in", "ing", "Ingrid", "sting"):
        ConsumerFactory(account=world.account, ref=ref)

    assert names(look(administrator, world, "ing")) == ["ing", "ingrid"]
    assert names(look(administrator, world, "i")) == ["in", "ing", "ingrid"]


@pytest.mark.parametrize("text", ["nobody", "%", "_ngrid", "INGRID", "ingrid ", "\0", "a" * 300])
def test_nobody_is_found_by_another_id(world, administrator, text):
    """P5: whatever is typed is an answer, and no pattern."""
    page = look(administrator, world, text)

    assertContains(page, "Nobody by this id")


def test_the_list_names_as_many_as_fit_and_says_that_there_are_more(world):
    for number in range(MOST_FOUND + 1):
        ConsumerFactory(account=world.account, ref=f"card-{number:02}")

    found = find_people(world.account, "card-")

    assert (len(found.people), found.has_more) == (MOST_FOUND, True)


def test_an_empty_brand_says_what_will_be_here(world, administrator):
    Device.objects.all().delete()
    Consumer.objects.all().delete()

    page = administrator.get(reverse("consumer_list", args=[world.account.number]))

    assertContains(page, "Nobody has signed in yet")


def test_another_brands_consumers_are_not_found(world, administrator):
    """S1"""
    other = make_world(name="Other Bank", mail="other.example")
    other.brand.phone("ingmar")

    assertContains(look(administrator, world, "ingm"), "Nobody by this id")


def test_who_never_signed_in_but_was_sent_to_has_a_page_too(world, administrator):
    world.brand.send({"nobody-yet": "Hi"})
    message = OutboundMessage.objects.get()

    page = administrator.get(
        reverse("consumer_page", args=[world.account.number, message.public_id.hex])
    )

    assert names(look(administrator, world, "nobody-yet")) == ["nobody-yet"]
    assertContains(page, "The person has never signed in to the app.")
    assertNotContains(page, "Opt out")


def test_a_page_tells_devices_messages_and_conversations(world, administrator):
    world.brand.send({"ingrid": "Your card is on its way"})
    receive_message(
        account=world.account, consumer=person(world), text="Thanks", now=timezone.now()
    )
    Device.objects.filter(consumer=person(world)).update(
        removed_at=timezone.now(), removed_reason="token_gone"
    )

    page = administrator.get(url(world))

    for words in (
        "Ingrid’s iPhone",
        "The provider says that the app was removed.",
        "Your card is on its way",
        "Card renewal",
        "Replied",
        "Billing",
    ):
        assertContains(page, words)
    assertNotContains(page, person(world).devices.get().token)


def why(world, client, ref="ingrid"):
    row = client.get(url(world, ref=ref)).context["reach"][0]
    return row.why.sentence if row.why else row.devices


def test_reachability_of_a_person_follows_the_rules_of_delivery(world, administrator):
    """D4, C5: what the page says is what a campaign would do."""
    device, consumer = person(world).devices.get(), person(world)

    assert why(world, administrator) == 1
    Device.objects.update(sdk_version="1.0")
    assert why(world, administrator) == "The app on their device is too old to show messages."
    device.remove(reason="unregistered", now=timezone.now())
    assert why(world, administrator).startswith("The person has no device")
    receive_message(account=world.account, consumer=consumer, text="Hi", now=timezone.now())
    assert why(world, administrator) == "Already talking with you."
    Consumer.objects.update(opted_out_at=timezone.now())
    assert why(world, administrator) == "The person does not want messages from you."


def test_each_app_is_told_by_itself(world, administrator):
    AppFactory(account=world.account, bundle_id="com.larkfield.other")

    reach = administrator.get(url(world)).context["reach"]

    assert [(row.app.bundle_id, row.why is None) for row in reach] == [
        ("com.larkfield.mobile", True),
        ("com.larkfield.other", False),
    ]


def test_opt_out_and_opt_in_decide_what_goes_out_and_are_audited_without_the_id(
    world, administrator
):
    """C8"""
    administrator.post(url(world, "consumer_opt_out"))
    world.brand.send({"ingrid": "Hi"})
    assert OutboundMessage.objects.get().reason == "opted_out"

    administrator.post(url(world, "consumer_opt_in"))
    world.brand.send({"ingrid": "Hi again"})
    assert OutboundMessage.objects.order_by("-pk")[0].state == "sent"
    events = AuditEvent.objects.filter(target_type="consumer").order_by("pk")
    assert [event.verb for event in events] == ["consumer_opted_out", "consumer_opted_in"]
    assert "ingrid" not in json.dumps([[e.target_label, e.changes] for e in events])


def test_messages_are_shown_in_pages_newest_first(world, administrator, monkeypatch):
    monkeypatch.setattr("console.people.views.MESSAGES_A_PAGE", 2)
    for number in range(3):
        world.brand.send({"ingrid": f"Text {number}"})

    first = administrator.get(url(world))
    assert [message.text for message, _, _ in first.context["sent"]] == ["Text 2", "Text 1"]
    older = administrator.get(url(world) + first.context["page"].older)
    assert [message.text for message, _, _ in older.context["sent"]] == ["Text 0"]
    newer = administrator.get(url(world) + older.context["page"].newer)
    assert [message.text for message, _, _ in newer.context["sent"]] == ["Text 2", "Text 1"]


def test_markup_in_what_people_are_called_and_sent_is_text(world, administrator):
    """S3"""
    evil = "<script>alert(1)</script>"
    world.brand.phone(evil, name=evil, model=evil)
    world.brand.send({evil: evil})

    page = administrator.get(url(world, ref=evil))

    assertContains(page, "&lt;script&gt;")
    assertNotContains(page, evil)


def test_who_may_not_change_sees_the_person_and_no_button(world):
    client = Client()
    client.force_login(world.campaign_manager)

    page = client.get(url(world))

    assertContains(page, "Ingrid’s iPhone")
    for word in ("Opt out", "Export", "Erase", "Test push"):
        assertNotContains(page, word)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_costs_the_same_however_much_there_is(
    world, administrator, django_assert_num_queries, rows
):
    AppFactory.create_batch(rows - 1, account=world.account)
    DeviceFactory.create_batch(rows - 1, consumer=person(world), app=world.brand.app)
    for _ in range(rows):
        world.brand.send({"ingrid": "Hi"})

    with django_assert_num_queries(16):
        administrator.get(url(world))
