"""What an agent says reaches the app by push when it is away (E6): who gets it, and when not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from consumers.models import Device
from conversations.live import WATCHED_FOR, watching
from conversations.models import Conversation, Message, ReplyPush, Sender
from conversations.services import close_conversation, erase_conversations, mark_read
from conversations.tasks import wake
from push.credentials import switch_off
from push.models import LabPush, PushCredential
from tests.conversations.reply_phones import (
    asked,
    left_for,
    make_talk,
    pass_time,
    shown,
    work,
)
from tests.factories.accounts import AppFactory, UserFactory
from tests.factories.consumers import DeviceFactory
from tests.factories.conversations import MessageFactory, ReplyRouteFactory
from tests.factories.push import PushCredentialFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(anna):
    return make_talk(anna)


def outcome():
    push = ReplyPush.objects.get()
    return push.state, push.reason


def test_what_an_agent_says_is_pushed_with_the_keys_of_its_conversation(talk):
    talk.phone()
    MessageFactory(conversation=talk.conversation, text="Where is my card?")
    person: User = UserFactory()

    message = talk.say("On its way", by=person)
    work()

    body = asked(LabPush.objects.get())
    conversation = str(talk.conversation.public_id)
    assert body == {
        "aps": {
            "alert": {"title": "Brand", "body": "On its way"},
            "sound": "default",
            "badge": 1,
            "mutable-content": 1,
        },
        "id": message.public_id.hex,
        "backendService": "ams",
        "conversationId": conversation,
        "dialogId": conversation,
        "originatorId": f"{talk.account.number}.{person.pk}",
        "brandId": str(talk.account.number),
        "sequence": 2,
    }
    assert outcome() == ("sent", "")


def test_a_bot_is_agent_number_0(talk):
    talk.phone()
    talk.say(by="Card bot")
    work()

    assert asked(LabPush.objects.get())["originatorId"] == f"{talk.account.number}.0"


@pytest.mark.parametrize(
    ("logout_type", "texts"),
    [("", ["Hello"]), ("NONE", ["Hello"]), ("AGENT", []), ("ALL", [])],
    ids=["logged in", "NONE", "AGENT", "ALL"],
)
def test_the_log_out_type_says_whether_a_phone_gets_what_agents_say(talk, logout_type, texts):
    """C4"""
    talk.phone(logout_type=logout_type, logged_out_at=timezone.now() if logout_type else None)
    talk.say()
    work()

    assert shown() == texts
    assert ReplyPush.objects.count() == len(texts)


def test_a_phone_that_logs_out_before_the_push_gets_none(talk):
    """C4"""
    device = talk.phone()
    talk.say()
    device.log_out(logout_type="AGENT", now=timezone.now())
    work()

    assert (shown(), outcome()) == ([], ("skipped", "no_device"))


def test_all_phones_get_it_whatever_app_of_the_brand_is_on_them(talk):
    talk.phone()
    other = AppFactory(account=talk.account, bundle_id="com.brand.shop", name="Shop")
    PushCredentialFactory(app=other, platform="android")
    DeviceFactory(consumer=talk.consumer, app=other, platform="android")
    talk.say()
    work()

    pushes = LabPush.objects.order_by("device_id")
    assert [push.title for push in pushes] == ["Brand", "Shop"]
    assert len({push.message_id for push in pushes}) == 1


def test_somebody_without_a_phone_has_nothing_to_wait_for(talk):
    talk.phone(removed_at=timezone.now())
    talk.say()

    assert not ReplyPush.objects.exists()


@pytest.mark.parametrize("version", ["6.1", "6.2"])
def test_a_phone_with_too_old_an_sdk_gets_none(talk, version):
    """C3"""
    talk.phone(sdk_version=version)
    talk.say()
    work()

    assert outcome() == (("skipped", "sdk_too_old") if version == "6.1" else ("sent", ""))


def test_an_app_without_a_credential_gets_none(talk):
    talk.phone()
    switch_off(credential=PushCredential.objects.get(), by="tests", now=timezone.now())
    talk.say()
    work()

    assert outcome() == ("skipped", "no_credentials")


def test_what_was_read_before_its_push_is_not_pushed(talk):
    talk.phone()
    talk.say()
    mark_read(conversation=talk.conversation, reader=Sender.CONSUMER)
    work()

    assert (shown(), outcome()) == ([], ("skipped", "read"))


def test_the_last_word_before_the_end_is_pushed(talk):
    talk.phone()
    talk.say("Goodbye")
    close_conversation(conversation=talk.conversation, by="bot", now=timezone.now())
    work()

    assert shown() == ["Goodbye"]


def test_ten_minutes_after_the_end_nothing_is_pushed(talk):
    talk.phone()
    talk.say()
    ended_at = timezone.now() - timedelta(minutes=10)
    close_conversation(conversation=talk.conversation, by="bot", now=ended_at)
    work()

    assert (shown(), outcome()) == ([], ("skipped", "conversation_closed"))


def test_nothing_is_pushed_a_day_later(talk):
    talk.phone()
    talk.say(now=timezone.now() - timedelta(hours=24))
    work()

    assert (shown(), outcome()) == ([], ("expired", "too_late"))


def test_the_push_of_somebody_who_was_erased_goes_with_what_was_said(talk):
    """C8"""
    talk.phone()
    talk.say()
    erase_conversations(consumer=talk.consumer, by="tests", now=timezone.now())
    work()

    assert (shown(), Message.objects.count(), ReplyPush.objects.count()) == ([], 0, 0)


def test_nobody_is_rung_for_somebody_who_was_erased_meanwhile(talk):
    """C8: a word that crossed with the erasing."""
    talk.phone()
    talk.say()
    Conversation.objects.update(consumer=None)
    work()

    assert (shown(), outcome()) == ([], ("skipped", "consumer_erased"))


def test_what_is_said_stands_in_no_log(talk, caplog):
    """J2"""
    for token in ("phone-1", "lab:gone", "lab:too-big"):
        talk.phone(token)
    with caplog.at_level(0):
        talk.say("My PIN is 4711")
        work()

    assert "Delivered batch of 1" in caplog.text
    assert "4711" not in caplog.text


def test_workers_are_woken_once_the_message_is_stored(talk, django_capture_on_commit_callbacks):
    talk.phone()
    with django_capture_on_commit_callbacks() as callbacks:
        talk.say()

    assert wake in callbacks


def test_said_twice_under_one_id_it_is_pushed_once(talk):
    talk.phone()
    for _ in range(2):
        talk.say(client_id="m-1")
    work()

    assert shown() == ["Hello"]


class TestWhileTheAppIsOpen:
    """Its live stream shows the message; the push waits a moment to see whether it did."""

    def test_the_push_waits(self, talk, django_capture_on_commit_callbacks):
        talk.phone()
        with watching(talk.consumer.pk), django_capture_on_commit_callbacks() as callbacks:
            talk.say()

        assert 1 < left_for(talk.row()) < 2.1
        assert wake not in callbacks

    def test_what_it_has_shown_is_not_pushed(self, talk):
        talk.phone()
        with watching(talk.consumer.pk):
            talk.say()
            mark_read(conversation=talk.conversation, reader=Sender.CONSUMER)
            pass_time(2)
            work()

        assert (shown(), outcome()) == ([], ("skipped", "read"))

    def test_what_it_did_not_show_before_it_was_closed_is_pushed(self, talk):
        talk.phone()
        with watching(talk.consumer.pk):
            talk.say()
        pass_time(2)
        work()

        assert shown() == ["Hello"]

    def test_it_is_looked_at_again_while_the_app_may_have_died(self, talk):
        """An app that is killed ends no watch: it runs out."""
        talk.phone()
        with watching(talk.consumer.pk):
            talk.say(now=timezone.now() - timedelta(seconds=8))
            pass_time(2)
            work()

        assert (shown(), outcome()) == ([], ("queued", ""))
        assert 7 < left_for(talk.row()) < 9

    def test_a_watch_that_outlives_the_message_has_shown_it(self, talk):
        talk.phone()
        with watching(talk.consumer.pk):
            talk.say(now=timezone.now() - timedelta(seconds=WATCHED_FOR + 1))
            pass_time(2)
            work()

        assert (shown(), outcome()) == ([], ("skipped", "shown_live"))


class TestBadge:
    """The badge is what the consumer has not seen (D6)."""

    def test_counts_what_agents_said_since_the_consumer_read(self, talk):
        talk.phone()
        talk.say("One")
        mark_read(conversation=talk.conversation, reader=Sender.CONSUMER)
        for text in ("Two", "Three"):
            talk.say(text)
        work()

        badges = {push.body: asked(push)["aps"]["badge"] for push in LabPush.objects.all()}
        assert badges == {"Two": 2, "Three": 2}

    def test_counts_messages_that_wait_in_the_inbox(self, talk, waiting_message):
        talk.phone()
        waiting_message()
        waiting_message(state="opened", opened_at=timezone.now())
        talk.say()
        work()

        assert asked(LabPush.objects.get())["aps"]["badge"] == 2

    @pytest.fixture
    def waiting_message(self, talk):
        def make(**facts):
            return ReplyRouteFactory(account=talk.account, consumer_ref=talk.consumer.ref, **facts)

        return make


def test_another_brands_consumer_of_the_same_name_gets_nothing(talk):
    other: Device = DeviceFactory(consumer__ref=talk.consumer.ref)
    PushCredentialFactory(app=other.app)
    talk.say()
    work()

    assert not ReplyPush.objects.exists()
