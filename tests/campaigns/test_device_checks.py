"""An app's developer asks why a device gets nothing, and is told what helps, rule by rule."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from consumers.models import Consumer, Device
from consumers.services import opt_out
from conversations.services import receive_message
from push.models import PushCredential
from tests.campaigns.conftest import Brand, deliver_all, states
from tests.consumers import tokens
from tests.consumers.conftest import Sdk
from tests.factories.consumers import DeviceFactory, IdentityProviderFactory
from tests.factories.push import BreakerFactory

CHECKS = [
    "registered",
    "opted_in",
    "signed_in",
    "credential",
    "no_conversation",
    "sdk_version",
    "login",
    "provider",
]


@pytest.fixture
def sdk(brand: Brand) -> Sdk:
    IdentityProviderFactory(
        account=brand.account, issuer=tokens.ISSUER, public_key=tokens.pem(tokens.rsa_key())
    )
    return Sdk(brand.account)


@pytest.fixture
def device(brand: Brand) -> Device:
    found: Device = brand.consumer("anna", sdk_version="6.22.0").devices.get()
    return found


def why(sdk: Sdk, device: Device) -> Any:
    response = sdk.get(f"devices/{device.public_id}/why")
    assert response.status_code == 200, response.content
    return response.json()


def test_device_that_can_be_reached_passes_every_check(sdk: Sdk, device: Device) -> None:
    told = why(sdk, device)

    assert told["device"]["id"] == str(device.public_id)
    assert [check["check"] for check in told["checks"]] == CHECKS
    assert [check["reason"] for check in told["checks"]] == [None] * len(CHECKS)
    assert (told["reachable"], told["messages"]) == (True, [])


def remove(device: Device) -> None:
    device.remove(reason="token_gone", now=timezone.now())


def take_off(device: Device) -> None:
    device.remove(reason="unregistered", now=timezone.now())


def want_nothing(device: Device) -> None:
    opt_out(consumer=device.consumer, by="tests", now=timezone.now())


def never_sign_in(device: Device) -> None:
    Consumer.objects.update(last_login_at=None)


def lose_credential(device: Device) -> None:
    PushCredential.objects.filter(platform="ios").update(is_enabled=False)


def talk(device: Device) -> None:
    consumer, now = device.consumer, timezone.now()
    receive_message(account=device.account, consumer=consumer, text="Hi", now=now)


def stay_old(device: Device) -> None:
    Device.objects.update(sdk_version="6.1")


def log_out(device: Device) -> None:
    device.log_out(logout_type="ALL", now=timezone.now())


def hold_up(device: Device) -> None:
    credential = PushCredential.objects.get(platform="ios")
    BreakerFactory(credential=credential, probe_at=timezone.now() + timedelta(hours=1))


TROUBLE: dict[str, tuple[Callable[[Device], None], str, str]] = {
    "token_gone": (remove, "registered", "Register the one that the system gives now"),
    "unregistered": (take_off, "registered", "Register it again"),
    "opted_out": (want_nothing, "opted_in", "by opting in"),
    "never_logged_in": (never_sign_in, "signed_in", "Register the device"),
    "no_credentials": (lose_credential, "credential", "no push credential for iOS"),
    "open_conversation": (talk, "no_conversation", "when the conversation is closed"),
    "sdk_too_old": (stay_old, "sdk_version", "6.1 is older than 6.2"),
    "logged_out_not_allowed": (log_out, "login", "log out with AGENT"),
    "provider_unavailable": (hold_up, "provider", "the message waits"),
}


@pytest.mark.parametrize("reason", TROUBLE)
def test_device_that_gets_nothing_is_told_why_and_what_helps(
    sdk: Sdk, device: Device, reason: str
) -> None:
    make, name, help_ = TROUBLE[reason]
    make(device)

    told = why(sdk, device)

    (failed,) = [check for check in told["checks"] if not check["ok"]]
    assert (failed["check"], failed["reason"]) == (name, reason)
    assert help_ in failed["sentence"]
    assert told["reachable"] is False


@pytest.mark.parametrize("reason", [word for word in TROUBLE if word not in {"unregistered"}])
def test_what_is_told_is_what_delivery_does(
    brand: Brand, sdk: Sdk, device: Device, reason: str
) -> None:
    """D4: the reason of the check is the one with which a message ends, or waits."""
    TROUBLE[reason][0](device)
    (told,) = [check["reason"] for check in why(sdk, device)["checks"] if not check["ok"]]
    campaign = brand.send("anna").campaign

    deliver_all()

    (state, ended_with) = states(campaign)["anna"]
    expected = {"token_gone": "no_device", "provider_unavailable": "provider_held_up"}
    assert state == ("queued" if reason == "provider_unavailable" else "suppressed")
    assert ended_with == expected.get(told, told)


@pytest.mark.parametrize("kind", ["AGENT", "NONE"])
def test_device_that_is_logged_out_but_for_some_pushes_can_be_reached(
    sdk: Sdk, device: Device, kind: str
) -> None:
    """C4"""
    device.log_out(logout_type=kind, now=timezone.now())

    told = why(sdk, device)

    assert told["reachable"] is True
    assert kind in next(c["sentence"] for c in told["checks"] if c["check"] == "login")


def test_newest_messages_are_told_with_the_last_push_to_the_device(
    brand: Brand, sdk: Sdk, device: Device
) -> None:
    tablet = DeviceFactory(consumer=device.consumer, app=brand.app, token="t")
    sent = brand.send("anna").accepted[0]
    deliver_all()

    (on_tablet,), (on_phone,) = (why(sdk, one)["messages"] for one in (tablet, device))

    assert on_tablet["messageId"] == on_phone["messageId"] == sent.public_id.hex
    assert (on_tablet["state"], on_tablet["push"]["outcome"]) == ("sent", "accepted")
    assert on_tablet["push"]["provider"] == "lab"
    assert on_phone["push"] is None
    assert on_phone["sentence"] == "No push of it went to this device."


def test_text_of_messages_and_provider_s_own_words_are_not_told(
    brand: Brand, sdk: Sdk, device: Device
) -> None:
    brand.send("anna")
    deliver_all()

    told = str(why(sdk, device))

    assert "Hi anna" not in told
    assert "detail" not in told


def test_nobody_asks_about_another_consumer_s_device_and_asking_creates_nobody(
    sdk: Sdk, device: Device
) -> None:
    response = sdk.signed_in("bo").get(f"devices/{device.public_id}/why")

    assert response.status_code == 404
    assert not Consumer.objects.filter(ref="bo").exists()


@pytest.mark.parametrize("count", [1, 3])
def test_asking_why_costs_the_same_however_many_messages_there_are(
    brand: Brand, sdk: Sdk, device: Device, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        brand.send("anna")
    deliver_all()
    why(sdk, device)

    with django_assert_num_queries(8):
        why(sdk, device)
