"""D4: who may get a message now, rule by rule, in the order of the rules."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import State
from campaigns.services import cancel_campaign
from consumers.models import Consumer, Device
from push.models import LabPush, PushCredential
from tests.campaigns.conftest import deliver_all, states
from tests.factories.consumers import ConsumerFactory, DeviceFactory
from tests.factories.conversations import ConversationFactory


def outcome(brand, ref="ana"):
    created = brand.send(ref)
    deliver_all()
    return states(created.campaign)[ref]


def test_a_consumer_that_never_logged_in_is_suppressed(brand):
    """C5, D28: one nobody has heard of, and one that is known but was never here."""
    ConsumerFactory(account=brand.account, ref="known", last_login_at=None)

    assert outcome(brand, "stranger") == (State.SUPPRESSED, "never_logged_in")
    assert outcome(brand, "known") == (State.SUPPRESSED, "never_logged_in")


def test_a_consumer_that_opted_out_is_suppressed(brand):
    brand.consumer("ana")
    Consumer.objects.update(opted_out_at=timezone.now())

    assert outcome(brand) == (State.SUPPRESSED, "opted_out")


def test_an_app_without_credentials_suppresses(brand):
    brand.consumer("ana")
    PushCredential.objects.update(is_enabled=False)

    assert outcome(brand) == (State.SUPPRESSED, "no_credentials")


def test_an_open_conversation_suppresses(brand):
    """E2"""
    ConversationFactory(consumer=brand.consumer("ana"), skill=brand.skill)

    assert outcome(brand) == (State.SUPPRESSED, "open_conversation")


def test_no_device_for_the_handoffs_apps_suppresses(brand):
    """D28: a device of another app is none for this handoff."""
    other = ConsumerFactory(account=brand.account, ref="other")
    DeviceFactory(consumer=other)
    ConsumerFactory(account=brand.account, ref="ana")

    assert outcome(brand) == (State.SUPPRESSED, "no_device")
    assert outcome(brand, "other") == (State.SUPPRESSED, "no_device")


@pytest.mark.parametrize(
    ("platform", "version", "is_androidx", "expected"),
    [
        ("ios", "6.1.9", False, "sdk_too_old"),
        ("ios", "6.2", False, ""),
        ("ios", "6.10", False, ""),
        ("android", "4.6.9", False, "sdk_too_old"),
        ("android", "4.7.0", False, ""),
        ("android", "5.4", True, "sdk_too_old"),
        ("android", "5.5", True, ""),
        ("ios", "", False, ""),
    ],
)
def test_an_sdk_older_than_the_apps_minimum_suppresses(
    brand, platform, version, is_androidx, expected
):
    """C3"""
    brand.consumer("ana", platform=platform, sdk_version=version, is_androidx=is_androidx)

    assert outcome(brand) == (State.SUPPRESSED if expected else State.SENT, expected)


@pytest.mark.parametrize(
    ("when_in", "when_out", "logout_type", "expected"),
    [
        (True, True, "", ""),
        (False, True, "", "logged_in_not_allowed"),
        (True, False, "AGENT", "logged_out_not_allowed"),
        (False, True, "AGENT", ""),
        (False, True, "NONE", ""),
        (True, True, "ALL", "logged_out_not_allowed"),
    ],
)
def test_the_stricter_of_handoff_and_log_out_type_wins(
    brand, when_in, when_out, logout_type, expected
):
    """C4, D4"""
    out_at = timezone.now() if logout_type else None
    brand.consumer("ana", logged_out_at=out_at, logout_type=logout_type)
    brand.handoff.push_when_logged_in, brand.handoff.push_when_logged_out = when_in, when_out
    brand.handoff.save()

    assert outcome(brand) == (State.SUPPRESSED if expected else State.SENT, expected)


def test_a_message_past_its_lookback_expires(brand):
    brand.consumer("ana")

    created = brand.send("ana", now=timezone.now() - timedelta(days=31))
    deliver_all()

    assert states(created.campaign) == {"ana": (State.EXPIRED, "lookback_over")}
    assert not LabPush.objects.exists()


def test_a_cancelled_campaign_sends_nothing_more(brand):
    """A12"""
    brand.consumer("ana")
    created = brand.send("ana")

    cancel_campaign(campaign=created.campaign, by="tests", now=timezone.now())
    deliver_all()

    assert states(created.campaign) == {"ana": (State.CANCELLED, "campaign_cancelled")}
    assert not LabPush.objects.exists()


def test_rules_are_asked_in_order_so_the_first_reason_counts(brand):
    """D4: opted out comes before never logged in, and that before everything of the app."""
    ConsumerFactory(
        account=brand.account, ref="ana", last_login_at=None, opted_out_at=timezone.now()
    )
    PushCredential.objects.update(is_enabled=False)

    assert outcome(brand) == (State.SUPPRESSED, "opted_out")
    Consumer.objects.update(opted_out_at=None)
    assert outcome(brand) == (State.SUPPRESSED, "never_logged_in")
    Consumer.objects.update(last_login_at=timezone.now())
    assert outcome(brand) == (State.SUPPRESSED, "no_credentials")


def test_the_newest_device_gets_the_message_and_all_do_where_the_handoff_says_so(brand):
    consumer = brand.consumer("ana", token="old")
    DeviceFactory(consumer=consumer, app=brand.app, platform="android", token="new")
    newest = Device.objects.get(token="new")

    outcome(brand)
    assert list(LabPush.objects.values_list("device_id", flat=True)) == [newest.pk]

    brand.handoff.device_choice = "all"
    brand.handoff.save()
    LabPush.objects.all().delete()
    outcome(brand)
    assert LabPush.objects.count() == 2


def test_another_brands_consumer_of_the_same_id_is_somebody_else(brand):
    ConsumerFactory(ref="ana")

    assert outcome(brand) == (State.SUPPRESSED, "never_logged_in")
