"""G6: a handoff as a test on one's own device, marked and kept out of the figures."""

from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.limits import LimitReached
from accounts.models import AuditEvent, Role
from campaigns.models import Campaign, CampaignTally, MessageEvent, OutboundMessage
from campaigns.own_consumer import TESTS
from campaigns.own_device import NotYourDevice, find_own_devices, send_to_own_device
from campaigns.push_test import DeviceNotPushable
from campaigns.services import archive_handoff
from consumers.services import opt_out
from conversations.models import ReplyRoute
from handoffs.services import HandoffArchived
from push.models import LabPush
from tests.factories.accounts import AppFactory, member
from tests.factories.consumers import DeviceFactory, OwnConsumerFactory
from tests.factories.lab import lab_brand

NOW = timezone.now()


@pytest.fixture
def brand(db):
    made = lab_brand()
    made.handoff.text = "Hi ${{1}} 💳"
    made.handoff.save()
    return made


@pytest.fixture
def carl(brand):
    return member(Role.CAMPAIGN_MANAGER, brand.account, email="carl@larkfield.example")


@pytest.fixture
def phone(brand, carl):
    """Carl's own, who has proven who he is."""
    device = brand.phone("carl-berg")
    OwnConsumerFactory(user=carl, consumer=device.consumer)
    return device


def send(brand, user, device, **samples):
    return send_to_own_device(
        handoff=brand.handoff, device_id=device.public_id, samples=samples, by=user, now=NOW
    )


def test_a_handoff_reaches_ones_own_device_marked_as_a_test(brand, carl, phone):
    verdict = send_to_own_device(
        handoff=brand.handoff,
        device_id=phone.public_id,
        samples={"1": "Carl"},
        by=carl,
        now=NOW,
    )

    push = LabPush.objects.get()
    assert verdict.is_accepted
    assert (push.device_id, push.title, push.body) == (
        phone.pk,
        "Test: Your new card",
        "Hi Carl 💳",
    )
    assert '"test":"true"' in push.request_body


def test_a_test_stands_in_no_figure_and_in_the_audit_log(brand, carl, phone):
    send(brand, carl, phone)

    for model in (Campaign, OutboundMessage, CampaignTally, MessageEvent, ReplyRoute):
        assert not model.objects.exists()
    event = AuditEvent.objects.get(verb="push_tested")
    assert event.actor == "carl@larkfield.example"
    assert event.changes["handoff"] == [None, brand.handoff.public_id]
    assert event.changes["device"] == [None, str(phone.public_id)]


def test_own_devices_are_the_registered_ones_of_the_handoffs_apps(brand, carl, phone):
    DeviceFactory(consumer=phone.consumer, app=AppFactory(account=brand.account))
    gone = DeviceFactory(consumer=phone.consumer, app=brand.app)
    gone.remove(reason="token_gone", now=NOW)
    brand.phone("ana")

    assert find_own_devices(handoff=brand.handoff, user=carl) == [phone]


def test_a_test_goes_to_no_device_of_anybody_else(brand, carl, phone):
    theirs = brand.phone("ana")

    with pytest.raises(NotYourDevice):
        send(brand, carl, theirs)
    with pytest.raises(NotYourDevice):
        send_to_own_device(handoff=brand.handoff, device_id=uuid4(), samples={}, by=carl, now=NOW)
    assert not LabPush.objects.exists()


def test_who_opted_out_gets_no_test_either(brand, carl, phone):
    opt_out(consumer=phone.consumer, by=carl, now=NOW)

    with pytest.raises(DeviceNotPushable):
        send(brand, carl, phone)


def test_an_archived_handoff_is_not_sent_as_a_test(brand, carl, phone):
    archive_handoff(handoff=brand.handoff, by=carl, now=NOW)
    brand.handoff.refresh_from_db()

    with pytest.raises(HandoffArchived):
        send(brand, carl, phone)


def test_a_user_sends_twenty_tests_an_hour_at_most(brand, carl, phone):
    for _ in range(TESTS.quota):
        send(brand, carl, phone)

    with pytest.raises(LimitReached, match="20 tests an hour are enough"):
        send(brand, carl, phone)
    assert LabPush.objects.count() == TESTS.quota
