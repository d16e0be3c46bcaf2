"""Web Push from the call to the browser: D1, C6, with a push service of the tests' own."""

import os

import orjson
import pytest
from django.utils import timezone

from campaigns.invariants import check_store
from campaigns.models import MessageEvent, OutboundMessage, State
from consumers.models import Device
from push.models import Breaker, PushCredential
from push.vapid_keys import application_server_key, make_vapid_keys
from tests.campaigns.conftest import deliver_all, states
from tests.providers.certificates import make_certificate, server_context
from tests.providers.proxy_server import run_in_thread
from tests.providers.webpush_server import make_server

CONTACT = "mailto:push@brand.example"


@pytest.fixture
def service(tmp_path, settings):
    authority = make_certificate("Test authority")
    certificate = make_certificate("push service", issuer=authority, hosts=("127.0.0.1",))
    (tmp_path / "ca.pem").write_text(authority.cert_pem)
    settings.EGRESS_CA_FILE = str(tmp_path / "ca.pem")
    settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.WEB_PUSH_HOSTS = ["127.0.0.1"]
    tls = server_context(certificate, tmp_path, protocols=("h2",))
    server, made = make_server(tmp_path / "log.jsonl", tls)
    with run_in_thread(server):
        yield made
    os.close(server.log.file)


@pytest.fixture
def web(brand, service):
    """The brand with a key pair for its web app."""
    make_vapid_keys(app=brand.app, contact=CONTACT, by="tests")
    return brand


def browser(brand, service, ref):
    """A consumer who signed in on the web, and what the browser keeps."""
    pair = PushCredential.objects.get(app=brand.app, provider="webpush")
    made = service.subscribe(application_server_key(pair), ref)
    endpoint = service.endpoint(made)
    brand.consumer(ref, platform="web", token=endpoint, p256dh=made.p256dh, auth=made.auth)
    return made


def deliver():
    deliver_all("none", "webpush")


def test_a_message_is_sent_to_the_browser_which_can_read_it(web, service):
    ana = browser(web, service, "ana")

    created = web.send("ana")
    deliver()

    [shown] = [orjson.loads(message) for message in ana.received]
    row = OutboundMessage.objects.get()
    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert (shown["id"], shown["message"], shown["title"]) == (row.public_id.hex, "Hi ana", "Brand")
    assert shown["brandId"] == str(web.account.number)
    assert MessageEvent.objects.get(kind="push").provider_id.startswith(service.origin())
    assert check_store(now=timezone.now()) == []


def test_subscriptions_that_ended_leave_the_registry_at_once(web, service):
    """C6: 410, and 404 alike."""
    for ref in ("gone", "unknown", "bob"):
        browser(web, service, ref)
    service.subscriptions["gone"].is_gone = True
    del service.subscriptions["unknown"]

    created = web.send("gone", "unknown", "bob")
    deliver()

    assert states(created.campaign) == {
        "gone": (State.FAILED, "token_gone"),
        "unknown": (State.FAILED, "token_gone"),
        "bob": (State.SENT, ""),
    }
    assert [device.consumer.ref for device in Device.objects.registered()] == ["bob"]


def test_a_subscription_without_usable_keys_leaves_the_registry_too(web, service):
    browser(web, service, "ana")
    Device.objects.update(p256dh="junk")

    created = web.send("ana")
    deliver()

    assert states(created.campaign) == {"ana": (State.FAILED, "bad_subscription")}
    assert Device.objects.get().removed_reason == "bad_subscription"


def test_after_the_key_pair_was_replaced_a_browser_must_subscribe_again(web, service):
    """Its device stays: it is right again when the old pair comes back."""
    browser(web, service, "ana")
    make_vapid_keys(app=web.app, contact=CONTACT, by="tests", is_replacing=True)
    browser(web, service, "bob")

    created = web.send("ana", "bob")
    deliver()

    assert states(created.campaign) == {
        "ana": (State.FAILED, "other_vapid_key"),
        "bob": (State.SENT, ""),
    }
    assert Device.objects.registered().count() == 2
    assert not Breaker.objects.open().exists()


def test_a_made_up_address_fails_its_own_message_alone(web, service, settings):
    """S5: whoever registers devices cannot hold up or misuse the others' pushes."""
    browser(web, service, "ana")
    eve = browser(web, service, "eve")
    Device.objects.filter(consumer__ref="eve").update(token="https://169.254.169.254/latest")

    created = web.send("ana", "eve")
    deliver()

    assert states(created.campaign) == {
        "ana": (State.SENT, ""),
        "eve": (State.FAILED, "endpoint_refused"),
    }
    assert eve.received == []
    assert not Breaker.objects.open().exists()
