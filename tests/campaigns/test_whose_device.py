"""C6, D17, D27, D28: devices that move, die or lose their app while messages are on their way."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import delivery
from campaigns.models import EventKind, OutboundMessage, State
from campaigns.receipts import record_event
from consumers.models import Device
from consumers.services import Registration, register_device
from push.models import LabPush
from tests.campaigns.conftest import deliver_all, states
from tests.factories.consumers import DeviceFactory

MONTHS_AGO = timedelta(days=200)


def register(device, ref):
    return register_device(
        account=device.account,
        claims={"sub": ref},
        registration=Registration(app=device.app, platform=device.platform, token=device.token),
        now=timezone.now(),
    )


def test_a_message_does_not_follow_a_device_to_another_consumer(brand):
    """C2, D28: who logged in last on the phone gets nothing that was meant for the other."""
    device = brand.consumer("anna").devices.get()
    created = brand.send("anna")

    register(device, "bo")
    deliver_all()

    assert states(created.campaign) == {"anna": (State.SUPPRESSED, "no_device")}
    assert not LabPush.objects.exists()


def test_a_consumer_all_of_whose_tokens_are_dead_fails_and_then_has_no_device(brand):
    """C6, D28"""
    anna = brand.consumer("anna", token="lab:gone-1")
    for n in range(2, 4):
        DeviceFactory(consumer=anna, app=brand.app, token=f"lab:gone-{n}")

    first = brand.send("anna")
    deliver_all()
    second = brand.send("anna")
    deliver_all()

    assert states(first.campaign) == {"anna": (State.FAILED, "token_gone")}
    assert states(second.campaign) == {"anna": (State.SUPPRESSED, "no_device")}
    assert not Device.objects.registered().exists()


def test_a_device_that_registers_between_the_question_and_the_answer_stays(brand, monkeypatch):
    """C6, D17: the provider spoke of the token as it was before."""
    device = brand.consumer("anna", token="lab:gone").devices.get()
    Device.objects.update(registered_at=timezone.now() - MONTHS_AGO)
    created = brand.send("anna")
    decide = delivery.decide

    def meanwhile(facts, *, now):
        register(device, "anna")
        return decide(facts, now=now)

    monkeypatch.setattr(delivery, "decide", meanwhile)
    deliver_all()

    assert states(created.campaign) == {"anna": (State.FAILED, "token_gone")}
    assert list(Device.objects.registered()) == [device]


def test_an_app_that_is_removed_meanwhile_ends_its_messages_with_a_reason(brand):
    """D27: the snapshot names an app that is not there any more."""
    brand.consumer("anna")
    created = brand.send("anna")

    brand.app.delete()
    deliver_all()

    assert states(created.campaign) == {"anna": (State.SUPPRESSED, "no_credentials")}


@pytest.mark.parametrize("kind", [EventKind.DELIVERED, EventKind.OPENED])
def test_a_receipt_shows_that_the_device_is_in_use(brand, kind):
    """C6: what shows our pushes is not stale, though its app registers never again."""
    anna = brand.consumer("anna")
    created = brand.send("anna")
    deliver_all()
    Device.objects.update(last_seen_at=timezone.now() - MONTHS_AGO)
    now = timezone.now()

    record_event(
        account=brand.account,
        message_id=created.accepted[0].public_id,
        kind=kind,
        now=now,
        consumer_ref="anna",
    )

    assert anna.devices.get().last_seen_at == now


def test_a_receipt_of_a_message_to_several_devices_tells_of_none_of_them(brand):
    """D4: the device used last decides, so it must not be guessed."""
    brand.handoff.device_choice = "all"
    brand.handoff.save()
    anna = brand.consumer("anna")
    DeviceFactory(consumer=anna, app=brand.app)
    brand.send("anna")
    deliver_all()
    old = timezone.now() - MONTHS_AGO
    Device.objects.update(last_seen_at=old)

    message_id = OutboundMessage.objects.get().public_id
    record_event(account=brand.account, message_id=message_id, kind="delivered", now=timezone.now())

    assert set(anna.devices.values_list("last_seen_at", flat=True)) == {old}
