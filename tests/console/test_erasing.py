"""C8: one person is erased or exported; the figures of campaigns stay."""

import json

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from accounts.models import AuditEvent
from campaigns.analytics import count_campaign
from campaigns.erasing import BeingSent
from campaigns.models import CampaignTally, MessageEvent, OutboundMessage, State
from campaigns.people import find_by_key, find_by_ref
from campaigns.selectors import counts
from consumers.models import Consumer, Device
from conversations.models import Conversation, Message, ReplyRoute
from conversations.services import close_conversation, receive_message
from deflection.models import DeflectionCall
from deflection.people import erase_person
from push.models import LabPush
from tests.world import World, make_world

pytestmark = pytest.mark.django_db
REF, NAME, TEXT, REPLY = "anna-4711-canary", "Canary Canarius", "canary text", "canary reply"


@pytest.fixture
def world() -> World:
    """Anna called, was sent to, answered, and talked; her message and phone are in the lab."""
    made = make_world()
    made.brand.phone(REF, name=NAME)
    made.brand.send({REF: TEXT, "ingrid": "Hi"})
    DeflectionCall.objects.create(
        account=made.account,
        handoff=made.brand.handoff,
        skill=made.brand.billing,
        consumer_ref=REF,
    )
    anna = person(made)
    receive_message(account=made.account, consumer=anna, text=REPLY, now=timezone.now())
    conversation = Conversation.objects.get(consumer=anna)
    close_conversation(conversation=conversation, by="agent", now=timezone.now())
    return made


def person(world):
    return Consumer.objects.get(account=world.account, ref=REF)


def erase(world):
    found = find_by_ref(world.account, REF)
    return erase_person(person=found, by=world.administrator, now=timezone.now())


def everything() -> str:
    """All rows of all tables as text, but for what was told to the brand's own systems."""
    with connection.cursor() as cursor:
        tables = [t for t in connection.introspection.table_names(cursor) if "webhook" not in t]
        rows = []
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {connection.ops.quote_name(table)} t")
            rows += [row for (row,) in cursor.fetchall()]
    return "\n".join(rows)


def test_nothing_of_the_person_is_left_anywhere(world):
    before = everything()
    assert all(word in before for word in (REF, NAME, TEXT, REPLY))

    extent = erase(world)

    assert (extent.messages, extent.conversations, extent.devices) == (1, 1, 1)
    after = everything()
    assert [word for word in (REF, NAME, TEXT, REPLY) if word in after] == []


def test_the_figures_of_the_campaign_stay_as_they_were(world):
    campaign = OutboundMessage.objects.get(consumer_ref=REF).campaign
    before = (counts(campaign), count_campaign(campaign).counts)

    erase(world)

    assert (counts(campaign), count_campaign(campaign).counts) == before
    assert ("closed", "") in before[1]
    call_command("verify_delivery")


def test_others_stay_as_they_were(world):
    erase(world)

    assert OutboundMessage.objects.get(consumer_ref="ingrid").text == "Hi"
    assert LabPush.objects.count() == 1
    assert Device.objects.filter(consumer__ref="ingrid").exists()


def test_what_was_several_messages_to_one_person_cannot_be_told_to_be(world):
    world.brand.send({REF: "Again"})

    erase(world)

    erased = OutboundMessage.objects.filter(consumer_ref__startswith="erased ")
    assert len({message.consumer_ref for message in erased}) == erased.count() == 2
    assert all(message.is_erased for message in erased)
    assert find_by_key(world.account, erased[0].public_id.hex) is None
    assert not ReplyRoute.objects.filter(consumer_ref=REF).exists()


def queue(world) -> OutboundMessage:
    """A message that has not gone out yet, of a campaign of its own."""
    created = world.brand.accept({REF: TEXT})
    return OutboundMessage.objects.get(campaign=created.campaign)


def test_what_waits_does_not_go_out_and_is_counted(world):
    waiting = queue(world)

    assert erase(world).waiting == 1

    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == (State.SUPPRESSED, "consumer_erased")
    assert counts(waiting.campaign).suppressed == 1
    assert counts(waiting.campaign).waiting == 0
    tally = CampaignTally.objects.get(campaign=waiting.campaign, state=State.SUPPRESSED)
    assert tally.reason == MessageEvent.objects.get(message=waiting).reason
    call_command("verify_delivery")


def test_a_message_that_is_being_sent_is_waited_for(world):
    sending = queue(world)
    OutboundMessage.objects.filter(pk=sending.pk).update(state=State.SENDING, fence=1)

    with pytest.raises(BeingSent):
        erase(world)
    assert person(world).name == NAME


def test_an_open_conversation_is_closed_and_what_was_said_is_gone(world):
    receive_message(account=world.account, consumer=person(world), text=REPLY, now=timezone.now())

    erase(world)

    assert set(Conversation.objects.values_list("state", "consumer")) == {("closed", None)}
    assert not Message.objects.exists()


def test_the_audit_log_has_the_numbers_and_not_the_person(world):
    erase(world)

    event = AuditEvent.objects.get(verb="consumer_erased")
    assert event.actor == world.administrator.email
    assert event.changes == {"messages": [1, 0], "conversations": [1, 0], "devices": [1, 0]}
    assert event.target_label == ""


def test_who_never_signed_in_is_erased_too(world):
    world.brand.send({"only-an-id": "canary"})

    found = find_by_ref(world.account, "only-an-id")
    erase_person(person=found, by="tests", now=timezone.now())

    assert "only-an-id" not in everything()


def test_the_same_id_begins_anew_after_it_was_erased(world):
    erase(world)
    world.brand.phone(REF)

    world.brand.send({REF: "Hello again"})

    assert OutboundMessage.objects.get(consumer_ref=REF).state == State.SENT


def url(world, view):
    return reverse(view, args=[world.account.number, str(person(world).pk)])


@pytest.fixture
def administrator(world: World) -> Client:
    client = Client()
    client.force_login(world.administrator)
    return client


def test_an_export_has_all_that_is_stored_of_the_person_and_no_token(world, administrator):
    answer = administrator.post(url(world, "consumer_export"))

    exported = json.loads(answer.content)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert REF not in answer.headers["Content-Disposition"]
    assert (exported["consumerId"], exported["name"]) == (REF, NAME)
    assert [message["text"] for message in exported["messages"]] == [TEXT]
    assert exported["conversations"][0]["messages"][0]["text"] == REPLY
    assert [call["wasInvited"] for call in exported["calls"]] == [False]
    device = Device.objects.get(consumer=person(world))
    assert exported["devices"][0]["tokenDigest"] == device.token_digest
    assert f'"{device.token}"' not in answer.content.decode()
    assert AuditEvent.objects.get(verb="consumer_exported").target_label == ""


def test_an_erasure_is_confirmed_with_what_goes_and_what_stays(world, administrator):
    page = administrator.get(url(world, "consumer_erase"))

    assertContains(page, "<b>1 device</b>")
    assertContains(page, "<b>1 message</b>")
    assertContains(page, "<b>1 conversation</b>")
    assertContains(page, "What stays, without the person")
    gone = administrator.post(url(world, "consumer_erase"), follow=True)
    assertContains(gone, "The person was erased")
    assert not Consumer.objects.filter(ref=REF).exists()
