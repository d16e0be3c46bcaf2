"""A test push: one real push to a chosen device, and the provider's answer in words."""

import os
from uuid import uuid4

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.services import grant_role
from campaigns.models import CampaignTally, MessageEvent, OutboundMessage
from campaigns.push_test import (
    DeviceNotFound,
    DeviceNotPushable,
    NoCredential,
    find_device,
    send_test_push,
)
from campaigns.push_verdicts import tell
from consumers.models import Device
from consumers.services import log_out, opt_out
from push.credentials import save_credential
from push.metrics import PUSHES
from push.models import LabPush, PushCredential
from push.providers.base import CannotStart, Outcome, PushResult
from push.providers.proxy import ProxyProvider
from tests.campaigns.conftest import make_brand
from tests.factories.accounts import UserFactory
from tests.factories.consumers import DeviceFactory
from tests.factories.push import BreakerFactory
from tests.providers.certificates import make_certificate, server_context
from tests.providers.proxy_server import ProxyServer, open_log, run_in_thread


@pytest.fixture
def proxy(tmp_path, loopback_egress):
    server = ProxyServer(log=open_log(tmp_path / "calls.jsonl"))
    with run_in_thread(server):
        yield server
    os.close(server.log.file)


@pytest.fixture
def device(brand, proxy):
    """Ana's Android phone, behind the brand's push proxy."""
    use_proxy(brand, proxy.url)
    brand.consumer("ana", platform="android", token="t")
    return Device.objects.select_related("account", "app", "consumer").get()


def use_proxy(brand, url):
    return save_credential(
        app=brand.app, platform="android", provider="proxy", settings={"url": url}, by="tests"
    )


def send(device, **changes):
    return send_test_push(device=device, by="anna@brand.example", now=timezone.now(), **changes)


def test_a_test_push_reaches_the_device_marked_as_a_test(device, proxy):
    verdict = send(device, text="Does it ring?")

    [(head, body)] = proxy.calls
    data = orjson.loads(body)["data"]
    assert (verdict.is_accepted, verdict.status, verdict.words) == (True, 200, "")
    assert verdict.sentence == "Push proxy took the push."
    assert data["message"] == "Does it ring?"
    assert data["payload"]["test"] == "true"
    assert data["payload"]["externalConsumerId"] == "ana"
    assert head["webhook-id"] == data["payload"]["id"]


def test_a_test_push_stands_in_no_figure_and_has_a_line_in_the_audit_log(device):
    counted = PUSHES.labels("proxy", "accepted")._value.get()

    send(device)

    assert PUSHES.labels("proxy", "accepted")._value.get() == counted
    for model in (OutboundMessage, CampaignTally, MessageEvent):
        assert not model.objects.exists()
    event = AuditEvent.objects.get(verb="push_tested")
    assert event.actor == "anna@brand.example"
    assert event.changes == {
        "device": [None, str(device.public_id)],
        "outcome": [None, "accepted"],
        "reason": [None, ""],
    }


@pytest.mark.parametrize(
    ("order", "outcome", "sentence"),
    [
        ({"status": 204}, "accepted", "Push proxy took the push."),
        ({"status": 401}, "misconfigured", "Push proxy refused the app's credential."),
        ({"status": 403}, "unregistered", "The provider says that the app was removed."),
        (
            {"status": 307},
            "misconfigured",
            "The URL answers with a redirect, which is not followed.",
        ),
        ({"status": 400}, "rejected", "Push proxy refused the push."),
        ({"status": 413}, "rejected", "The provider found the message too big."),
        ({"status": 429}, "retry", "Push proxy wants fewer pushes at the moment."),
        ({"status": 500}, "retry", "Push proxy is not available now."),
        (
            {"reset": True},
            "unknown",
            "The push was sent, but no answer came back: nobody knows whether it arrived.",
        ),
    ],
    ids=lambda value: str(value)[:20],
)
def test_each_answer_is_told_in_a_sentence_with_the_providers_own_words(
    device, proxy, order, outcome, sentence
):
    proxy.orders.give("t", {"body": "Sender  unknown\n", **order})

    verdict = send(device)

    assert (verdict.outcome, verdict.sentence) == (outcome, sentence)
    assert verdict.remedy
    assert verdict.status == order.get("status")
    if verdict.status and not verdict.is_accepted:
        assert verdict.words == "Sender unknown"


def test_a_provider_that_is_not_there_could_not_be_reached(device, brand):
    use_proxy(brand, "http://127.0.0.1:9/push")

    verdict = send(device)

    assert (verdict.outcome, verdict.status) == (Outcome.RETRY, None)
    assert verdict.sentence == "Push proxy could not be reached."
    assert verdict.words


def test_a_certificate_that_is_refused_is_said(device, brand, tmp_path):
    certificate = make_certificate("nobody", hosts=("127.0.0.1",))
    secure = ProxyServer(log=open_log(tmp_path / "log"), tls=server_context(certificate, tmp_path))
    with run_in_thread(secure):
        use_proxy(brand, secure.url)
        verdict = send(device)
    os.close(secure.log.file)

    assert verdict.outcome is Outcome.MISCONFIGURED
    assert verdict.sentence == "The push was not sent: one side refused the other's certificate."


def test_a_dead_token_that_a_test_push_finds_leaves_the_registry(device, proxy):
    """C6"""
    proxy.orders.give("t", {"status": 403})

    send(device)

    assert Device.objects.get().removed_reason == "token_gone"


def test_a_test_push_goes_out_while_its_credential_is_held(device):
    """To find out whether what was mended works."""
    BreakerFactory(credential=PushCredential.objects.get(app=device.app, platform=device.platform))

    assert send(device).is_accepted


def test_an_error_in_a_providers_code_is_a_verdict(device, monkeypatch):
    def broken(self, request, answer):
        raise KeyError("nobody thought of this")

    monkeypatch.setattr(ProxyProvider, "finish", broken)

    verdict = send(device)

    assert (verdict.outcome, verdict.reason) == (Outcome.REJECTED, "internal")
    assert verdict.sentence == "Something broke on our side."


def test_a_push_that_cannot_even_be_asked_for_is_a_verdict(device, monkeypatch):
    def hindered(self, request, now):
        raise CannotStart(Outcome.MISCONFIGURED, "credential_refused", "invalid_grant")

    monkeypatch.setattr(ProxyProvider, "start", hindered)

    verdict = send(device)

    assert (verdict.outcome, verdict.words) == (Outcome.MISCONFIGURED, "invalid_grant")
    assert verdict.sentence == "Push proxy refused the app's credential."


def test_a_credential_that_cannot_be_read_is_a_verdict(device):
    stranger = make_brand()
    PushCredential.objects.filter(platform="android", provider="proxy").update(
        account=stranger.account
    )

    verdict = send(device)

    assert (verdict.outcome, verdict.reason) == (Outcome.MISCONFIGURED, "credential_unreadable")
    assert verdict.sentence == "The app's credential cannot be used as it is stored."


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_reason_that_nobody_foresaw_is_told_by_its_outcome(outcome):
    result = PushResult("m", 1, outcome, reason="sender_mismatch")

    sentence, remedy = tell(result, "Firebase Cloud Messaging")

    assert sentence.endswith((".", "arrived."))
    assert "{" not in sentence + remedy


def test_a_test_push_through_the_lab_rings_on_its_phone(client, brand, settings):
    """D2: the phone shows it, and tapping it tells nothing, as it is no outbound message."""
    settings.LAB = "members"
    brand.consumer("ana")
    user = UserFactory()
    grant_role(user=user, account=brand.account, role="campaign_manager", by="tests")
    client.force_login(user)

    verdict = send(Device.objects.get(), text="Does it ring?")
    page = client.get(f"/lab/{brand.account.number}/")

    assert (verdict.is_accepted, verdict.provider) == (True, "Push lab")
    assert LabPush.objects.get().body == "Does it ring?"
    assert "Does it ring?" in page.content.decode()


def test_whoever_wants_no_pushes_gets_no_test_push_either(device, proxy):
    """C4, C8"""
    log_out(device=device, now=timezone.now())
    with pytest.raises(DeviceNotPushable, match="signed out"):
        send(device)
    log_out(device=device, now=timezone.now(), logout_type="AGENT")
    assert send(device).is_accepted
    opt_out(consumer=device.consumer, by="ana", now=timezone.now())
    with pytest.raises(DeviceNotPushable, match="does not want"):
        send(device)
    device.remove(reason="app", now=timezone.now())
    with pytest.raises(DeviceNotPushable, match="no longer registered"):
        send(device)

    assert len(proxy.calls) == 1


def test_an_app_without_a_credential_for_the_platform_is_said(brand):
    brand.consumer("ana", platform="huawei")

    with pytest.raises(NoCredential, match=r"com\.brand\.app has no push credential for Huawei"):
        send(Device.objects.get())


def test_the_device_that_the_consumer_used_last_is_chosen(brand):
    consumer = brand.consumer("ana", platform="android")
    older = Device.objects.get()
    newest = DeviceFactory(consumer=consumer, app=brand.app, platform="ios")
    DeviceFactory(consumer=consumer, app=brand.app, removed_at=timezone.now())
    whose = {"account": brand.account, "app_name": "com.brand.app", "consumer_ref": "ana"}

    assert find_device(**whose) == newest
    assert find_device(**whose, platform="android") == older
    named = {**whose, "consumer_ref": "", "public_id": older.public_id}
    assert find_device(**named) == older


def test_another_brands_device_does_not_exist(brand):
    brand.consumer("ana")
    device, stranger = Device.objects.get(), make_brand()

    for public_id, account in ((device.public_id, stranger.account), (uuid4(), brand.account)):
        with pytest.raises(DeviceNotFound):
            find_device(account=account, app_name="com.brand.app", public_id=public_id)


def command(device, *options):
    number = device.account.number
    call_command("push_test", "--account", number, "--app", device.app.bundle_id, *options)


def test_the_command_prints_the_answer_and_ends_well_when_the_push_was_taken(device, capsys):
    command(device, "--consumer", "ana", "--platform", "android")

    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Push proxy took the push."
    assert said[-1].startswith("Push proxy: accepted, status 200, ")


def test_the_command_ends_with_1_when_the_push_was_not_taken(device, proxy, capsys):
    proxy.orders.give("t", {"status": 401, "body": "no such service"})

    with pytest.raises(SystemExit) as ended:
        command(device, "--device", device.public_id)

    assert ended.value.code == 1
    assert capsys.readouterr().out.splitlines()[:3] == [
        "Push proxy refused the app's credential.",
        "Save the credential again, with what the provider gave you.",
        "In its own words: no such service",
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--account", "1", "--app", "com.brand.app", "--consumer", "ana"], "no account 1"),
        (["--account", "0", "--app", "com.brand.app", "--consumer", "bob"], "no such device"),
        (["--account", "0", "--app", "com.brand.app"], "one of the arguments"),
    ],
)
def test_the_command_says_what_it_does_not_find(device, options, said):
    number = str(device.account.number)
    given = [number if option == "0" else option for option in options]

    with pytest.raises(CommandError, match=said):
        call_command("push_test", *given)
