"""APNs from the call to the phone: D1, C6 and fault D17, with both of Apple's environments."""

import time
from datetime import timedelta

import orjson
import pytest
from django.utils import timezone

from campaigns.invariants import check_store
from campaigns.models import MessageEvent, OutboundMessage, State
from campaigns.push_test import send_test_push
from consumers.models import Device
from push.credentials import save_credential
from tests.campaigns.conftest import deliver_all, states
from tests.campaigns.test_delivery import make_due, outcomes
from tests.factories.consumers import DeviceFactory
from tests.providers.apns_keys import make_credential
from tests.providers.apns_vendor import running_apns

TEAM = "BRD123GHIJ"
TOKENS = {"ana": "a1", "bob": "b0", "eve": "5a5a"}


@pytest.fixture
def apple(tmp_path, settings):
    with running_apns(tmp_path) as vendor:
        vendor.keys.now = time.time
        settings.EGRESS_CA_FILE = vendor.site.ca_file
        settings.APNS_URL, settings.APNS_SANDBOX_URL = vendor.server.url, vendor.sandbox_server.url
        yield vendor


@pytest.fixture
def ios(brand, apple):
    """The brand with a key of its developer team."""
    save(brand, {**make_key(apple, "BRD123DEF1"), "topic": ""})
    return brand


def make_key(apple, key_id):
    """The settings for a new key of the team, whose one app is the brand's."""
    return apple.add(make_credential(TEAM, key_id, "com.brand.app"))


def save(brand, settings):
    save_credential(app=brand.app, platform="ios", provider="apns", settings=settings, by="tests")


def phone(brand, ref, **facts):
    return brand.consumer(ref, token=TOKENS[ref], **facts)


def deliver():
    deliver_all("none", "apns", "aside")


def deliver_again():
    make_due()
    deliver()


def calls(server):
    return [asked.headers[":path"].rpartition("/")[2] for asked, _ in list(server.calls)]


def test_a_message_is_sent_to_the_phone_under_its_apps_bundle_id(ios, apple):
    phone(ios, "ana")

    created = ios.send("ana")
    deliver()

    row, [(asked, _)] = OutboundMessage.objects.get(), apple.server.calls
    alert = orjson.loads(asked.body)["aps"]["alert"]
    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert alert == {"title": "Brand", "body": "Hi ana"}
    assert asked.headers["apns-topic"] == "com.brand.app"
    assert asked.headers["apns-collapse-id"] == row.public_id.hex
    assert asked.headers["apns-expiration"] == str(int(row.expires_at.timestamp()))
    assert MessageEvent.objects.get(kind="push").provider_id == str(row.public_id)
    assert check_store(now=timezone.now()) == []


@pytest.mark.parametrize(("died", "stays"), [(-1, True), (1, False)])
def test_dead_token_leaves_the_registry_unless_it_was_registered_after_its_death(
    ios, apple, died, stays
):
    """D17: by the timestamp of 410. The message has failed either way."""
    phone(ios, "ana")
    device = Device.objects.get()
    dead_since = device.registered_at + timedelta(hours=died)
    Device.objects.update(registered_at=device.registered_at - timedelta(hours=2 * (died > 0)))
    apple.apns.gone[device.token] = int(dead_since.timestamp() * 1000)

    created = ios.send("ana")
    deliver()

    assert states(created.campaign) == {"ana": (State.FAILED, "token_gone")}
    assert Device.objects.registered().exists() is stays


def test_device_of_a_debug_build_is_found_in_the_sandbox_and_remembered(ios, apple):
    """Its app did not say that it is one."""
    phone(ios, "eve")

    first = ios.send("eve")
    deliver()
    deliver_again()
    second = ios.send("eve")
    deliver()

    assert states(first.campaign) == states(second.campaign) == {"eve": (State.SENT, "")}
    assert outcomes(first) == [("retry", "other_environment"), ("accepted", "")]
    assert Device.objects.get().environment == "sandbox"
    assert (calls(apple.server), calls(apple.sandbox_server)) == (["5a5a"], ["5a5a"] * 2)


def test_token_that_neither_environment_knows_leaves_the_registry(ios, apple):
    phone(ios, "eve")
    apple.sandbox_server.orders.give("5a5a", {"status": 400, "body": '{"reason":"BadDeviceToken"}'})

    created = ios.send("eve")
    deliver()
    deliver_again()

    assert states(created.campaign) == {"eve": (State.FAILED, "bad_token")}
    assert outcomes(created) == [("retry", "other_environment"), ("unregistered", "bad_token")]
    assert not Device.objects.registered().exists()


def test_when_the_token_is_bad_the_persons_other_phone_gets_the_message(ios, apple):
    """D28."""
    consumer = phone(ios, "ana", environment="production")
    DeviceFactory(consumer=consumer, app=ios.app, token="5a", environment="production")

    created = ios.send("ana")
    deliver()

    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert outcomes(created) == [("unregistered", "bad_token"), ("accepted", "")]
    assert [device.token for device in Device.objects.registered()] == ["a1"]


def test_wrong_topic_takes_no_device_and_no_message_away(ios, apple):
    """D17: an administrator's mistake; all goes out when it is mended."""
    credential = make_key(apple, "BRD123DEF2")
    save(ios, {**credential, "topic": "com.brand.other"})
    apple.apns.topics[TEAM].append("com.brand.other")
    for ref in ("ana", "bob"):
        phone(ios, ref)

    created = ios.send("ana", "bob")
    deliver()
    waiting = {state for state, _ in states(created.campaign).values()}
    save(ios, credential)
    deliver_again()

    assert waiting == {State.QUEUED}
    assert Device.objects.registered().count() == 2
    assert states(created.campaign) == {"ana": (State.SENT, ""), "bob": (State.SENT, "")}


def test_revoked_key_holds_the_messages_until_there_is_another(ios, apple):
    """D16."""
    phone(ios, "ana")
    apple.keys.revoke("BRD123DEF1")

    created = ios.send("ana")
    deliver()
    held = outcomes(created)
    save(ios, make_key(apple, "BRD123DEF2"))
    deliver_again()

    assert held == [("misconfigured", "credential_refused")]
    assert states(created.campaign) == {"ana": (State.SENT, "")}


def test_text_that_is_too_long_for_apple_is_sent_as_its_beginning(ios, apple):
    """P9."""
    phone(ios, "ana")
    text = "👨‍👩‍👧‍👦" * 221

    created = ios.send(consumers=[{"consumerContent": {"inapp": "ana"}, "variables": {"1": text}}])
    deliver()

    [(asked, _)] = apple.server.calls
    shown = orjson.loads(asked.body)["aps"]["alert"]["body"]
    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert 4050 < len(asked.body) <= 4096
    assert text.startswith(shown.removesuffix("…"))
    assert shown.endswith("👦…")


def test_a_test_push_finds_a_debug_build_at_once(ios, apple):
    """By one call of the administrator's, under the app's bundle id."""
    phone(ios, "eve")

    verdict = send_test_push(device=Device.objects.get(), by="tests", now=timezone.now())

    [(asked, reply)] = apple.sandbox_server.calls
    assert (verdict.is_accepted, verdict.status, reply.status) == (True, 200, 200)
    assert asked.headers["apns-topic"] == "com.brand.app"
    assert Device.objects.get().environment == "sandbox"
    assert calls(apple.server) == ["5a5a"]
