"""FCM from the call to the phone: D1, C6, with Google's part played by a stub."""

import orjson
import pytest
from django.utils import timezone

from campaigns.invariants import check_store
from campaigns.models import MessageEvent, OutboundMessage, State
from campaigns.push_test import send_test_push
from consumers.models import Device
from push.credentials import save_credential
from push.providers.fcm_standing import ENOUGH_REFUSALS
from push.providers.google_token import token_endpoint
from push.services import _provider
from tests.campaigns.conftest import deliver_all, states
from tests.campaigns.test_delivery import make_due, outcomes
from tests.providers import fcm_bodies as say
from tests.providers.fcm_accounts import make_file, make_key
from tests.providers.fcm_server import keys_of
from tests.providers.fcm_vendor import running_fcm


@pytest.fixture
def vendor(tmp_path, settings):
    with running_fcm(tmp_path) as made:
        settings.EGRESS_CA_FILE = made.site.ca_file
        settings.FCM_URL = made.site.fcm_url
        settings.FCM_TOKEN_URL = made.site.fcm_token_url
        yield made


@pytest.fixture
def android(brand, vendor):
    """The brand with its Android app at FCM."""
    use(brand, vendor.file)
    return brand


def use(brand, file):
    settings = {"service_account": orjson.dumps(file).decode()}
    save_credential(
        app=brand.app, platform="android", provider="fcm", settings=settings, by="tests"
    )


def phones(brand, *refs):
    for ref in refs:
        brand.consumer(ref, platform="android", token=ref)


def deliver():
    deliver_all("none", "fcm", "aside")


def send(brand, *refs):
    created = brand.send(*refs)
    deliver()
    return created


def removed():
    gone = Device.objects.filter(removed_at__isnull=False)
    return dict(gone.values_list("token", "removed_reason"))


def test_a_message_is_sent_to_the_phone_and_its_sdk_can_read_it(android, vendor):
    phones(android, "ana")

    created = send(android, "ana")

    [keys] = [keys_of(body) for body in vendor.bodies()]
    row = OutboundMessage.objects.get()
    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert (keys["id"], keys["message"], keys["title"]) == (row.public_id.hex, "Hi ana", "Brand")
    assert (keys["brandId"], keys["externalConsumerId"]) == (str(android.account.number), "ana")
    event = MessageEvent.objects.get(kind="push")
    assert event.provider_id.startswith("projects/larkfield-app/messages/")
    assert check_store(now=timezone.now()) == []


def test_a_device_leaves_the_registry_for_its_own_token_and_for_no_other_refusal(android, vendor):
    """C6, D17."""
    phones(android, "ana", "gone", "no token", "foreign", "too-long", "refused")
    vendor.fcm.gone.add("gone")
    vendor.fcm.foreign.add("foreign")
    vendor.server.orders.give("too-long", {"status": 400, "body": say.too_big()})
    wrong = say.bad_message("message.android.ttl", "Invalid ttl")
    vendor.server.orders.give("refused", {"status": 400, "body": wrong})

    first = send(android, "ana")
    created = send(android, "gone", "no token", "foreign", "too-long", "refused")

    assert states(first.campaign) == {"ana": (State.SENT, "")}
    assert states(created.campaign) == {
        "gone": (State.FAILED, "token_gone"),
        "no token": (State.FAILED, "bad_token"),
        "foreign": (State.FAILED, "sender_mismatch"),
        "too-long": (State.FAILED, "payload_too_big"),
        "refused": (State.FAILED, "refused"),
    }
    assert removed() == {
        "gone": "token_gone",
        "no token": "bad_token",
        "foreign": "sender_mismatch",
    }


def test_an_account_of_the_wrong_project_empties_no_registry(android, vendor):
    """Every device is foreign to it: its messages wait for the right account."""
    vendor.fcm.accounts.add(other := make_file("other-app", make_key("other-app")))
    phones(android, "ana", "bob")
    use(android, other)
    vendor.fcm.foreign |= {"ana", "bob"}

    created = send(android, "ana", "bob")
    waiting = states(created.campaign)
    still_there = Device.objects.registered().count()
    vendor.fcm.foreign.clear()
    use(android, vendor.file)
    make_due()
    deliver()

    assert {state for state, _ in waiting.values()} == {State.QUEUED}
    assert still_there == 2
    assert states(created.campaign) == {"ana": (State.SENT, ""), "bob": (State.SENT, "")}


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, say.internal()), (503, say.unavailable()), (502, say.html_502())],
    ids=["500", "503", "502 in HTML"],
)
def test_what_google_could_not_take_is_sent_later_and_no_device_leaves(
    android, vendor, status, body
):
    """D10."""
    phones(android, "ana")
    vendor.server.orders.give("ana", {"status": status, "body": body})

    created = send(android, "ana")
    row = OutboundMessage.objects.get()
    make_due()
    deliver()

    assert (row.state, row.attempts) == (State.QUEUED, 1)
    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert outcomes(created) == [("retry", "provider_unavailable"), ("accepted", "")]
    assert removed() == {}


def test_a_lost_answer_is_repeated_under_the_same_id(android, vendor):
    """D13: the SDK drops an id that it has seen."""
    phones(android, "ana")
    vendor.server.orders.give("ana", {"lost": True})

    created = send(android, "ana")
    make_due()
    deliver()

    assert outcomes(created) == [("unknown", "answer_lost"), ("accepted", "")]
    assert len({keys_of(body)["id"] for body in vendor.bodies()}) == 1
    assert len(vendor.bodies()) == 2


def test_a_project_over_its_quota_is_left_alone_and_nobody_loses_an_attempt(android, vendor):
    """D11: Google says for how long; what was not asked for waits as long as the rest."""
    busy = {"status": 429, "headers": {"retry-after": "40"}, "body": say.quota_exceeded()}
    refs = [f"phone-{n}" for n in range(ENOUGH_REFUSALS)]
    phones(android, *refs, "ana")
    for ref in refs:
        vendor.server.orders.give(ref, busy)

    first = send(android, *refs)
    second = send(android, "ana")

    row = OutboundMessage.objects.get(campaign=second.campaign)
    waits = [
        (due_at - timezone.now()).total_seconds()
        for due_at in OutboundMessage.objects.values_list("due_at", flat=True)
    ]
    assert {state for state, _ in states(first.campaign).values()} == {State.QUEUED}
    assert (row.state, row.attempts) == (State.QUEUED, 0)
    assert len(vendor.bodies()) == ENOUGH_REFUSALS
    assert min(waits) > 25


def test_while_no_access_token_is_to_be_had_messages_wait_and_lose_no_attempt(android, vendor):
    """D10: of the token endpoint, which is asked once for a batch."""
    phones(android, "ana", "bob", "cleo")
    vendor.order_tokens({"status": 503, "body": "down"})

    created = send(android, "ana", "bob", "cleo")
    rows = set(OutboundMessage.objects.values_list("state", "attempts"))
    asked = vendor.token_calls()
    forget_what_this_process_knows()
    make_due()
    deliver()

    assert (rows, asked) == ({(State.QUEUED, 0)}, 1)
    assert set(states(created.campaign).values()) == {(State.SENT, "")}
    assert len(vendor.bodies()) == 3


def forget_what_this_process_knows():
    """As a worker that begins."""
    _provider.cache_clear()
    token_endpoint.cache_clear()


def test_an_account_that_google_does_not_know_holds_its_app_until_it_is_replaced(android, vendor):
    """D27."""
    phones(android, "ana")
    use(android, make_file("larkfield-app", make_key("deleted")))

    created = send(android, "ana")
    row = OutboundMessage.objects.get()
    use(android, vendor.file)
    make_due()
    deliver()

    assert (row.state, row.attempts) == (State.QUEUED, 0)
    assert states(created.campaign) == {"ana": (State.SENT, "")}


def test_a_test_push_tells_in_googles_words_that_the_key_was_deleted(android, vendor):
    phones(android, "ana")
    use(android, make_file("larkfield-app", make_key("deleted")))

    verdict = send_test_push(device=Device.objects.get(), by="tests", now=timezone.now())

    assert (verdict.is_accepted, verdict.reason) == (False, "credential_refused")
    assert verdict.words == "invalid_grant: Invalid JWT Signature."
    assert verdict.sentence == "Firebase Cloud Messaging refused the app's credential."


def test_a_test_push_to_a_device_that_is_gone_takes_it_out_with_its_reason(android, vendor):
    """C6"""
    phones(android, "no token")

    send_test_push(device=Device.objects.get(), by="tests", now=timezone.now())

    assert removed() == {"no token": "bad_token"}
