"""Settings: push credentials (D1, J5, S5, S19), how they stand, and the test push."""

import json
import logging
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import AuditEvent
from campaigns.models import Campaign, OutboundMessage
from consumers.models import Consumer
from push.credentials import provider_settings, save_credential, switch_off
from push.models import LabPush, PushCredential
from push.vapid_keys import application_server_key
from tests.console.test_apps import url
from tests.factories.accounts import AppFactory
from tests.factories.consumers import DeviceFactory
from tests.factories.push import BreakerFactory
from tests.providers.apns_keys import make_credential
from tests.providers.fcm_accounts import make_file
from tests.world import World, make_world

pytestmark = pytest.mark.django_db
CANARY = "canary-4711-secret"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def administrator(world: World) -> Client:
    client = Client()
    client.force_login(world.administrator)
    return client


def credential_url(world, platform, provider):
    named = {"app_id": world.brand.app.pk, "platform": platform}
    return f"{url(world, 'settings_credential', **named)}?provider={provider}"


def app_page(client, world):
    return client.get(url(world, "settings_app", app_id=world.brand.app.pk))


def in_use(world, platform):
    return PushCredential.objects.get(app=world.brand.app, platform=platform, is_enabled=True)


def upload(name, text):
    return SimpleUploadedFile(name, text.encode())


def test_the_file_of_a_service_account_is_uploaded(world, administrator):
    file = json.dumps(make_file("larkfield-prod"))

    response = administrator.post(
        credential_url(world, "android", "fcm"), {"service_account_file": upload("key.json", file)}
    )

    assert response.status_code == 302
    assert provider_settings(in_use(world, "android")).project_id == "larkfield-prod"
    assertContains(app_page(administrator, world), "larkfield-prod")


def test_apples_key_is_uploaded_and_its_name_tells_the_key_id(world, administrator):
    made = make_credential(team_id="DEF123GHIJ", key_id="ABC123DEFG")
    file = upload("AuthKey_ABC123DEFG.p8", made["private_key"])

    administrator.post(
        credential_url(world, "ios", "apns"),
        {"private_key_file": file, "team_id": "DEF123GHIJ"},
    )

    assert provider_settings(in_use(world, "ios")).key_id == "ABC123DEFG"


def test_a_push_proxy_is_pasted_and_its_signing_secret_is_told_once(world, administrator):
    settings = {
        "url": f"https://proxy.brand.example/{CANARY}",
        "username": "brand",
        "password": CANARY,
        "headers": "XKey: abc\r\nXOther: d",
    }

    told = administrator.post(credential_url(world, "ios", "proxy"), settings)

    saved = in_use(world, "ios")
    assert provider_settings(saved).headers == (("XKey", "abc"), ("XOther", "d"))
    assertContains(told, saved.signing[0].value)
    page = app_page(administrator, world)
    assertContains(page, saved.fingerprint)
    for secret in (CANARY, saved.signing[0].value, "abc"):
        assertNotContains(page, secret)


@pytest.mark.parametrize(
    ("platform", "provider", "given", "field", "words"),
    [
        ("android", "fcm", {"service_account": "{}"}, "service_account", "The JSON file of"),
        (
            "android",
            "fcm",
            {"service_account": '{"project_info": {}}'},
            "service_account",
            "google-services.json",
        ),
        ("ios", "apns", {"team_id": "x"}, "team_id", "10 capital letters"),
        ("ios", "proxy", {"url": "https://10.0.0.1/"}, "url", "not"),
        ("ios", "proxy", {"url": "http://169.254.169.254/"}, "url", ""),
        ("web", "webpush", {"contact": "somebody"}, "contact", "It must be like mailto:"),
    ],
)
def test_settings_are_checked_at_once_and_told_in_words(
    world, administrator, platform, provider, given, field, words
):
    before = in_use(world, platform).fingerprint

    response = administrator.post(credential_url(world, platform, provider), given)

    assert any(words in error for error in response.context["form"].errors[field])
    assert in_use(world, platform).fingerprint == before


def test_a_file_that_is_no_text_or_too_large_is_refused_in_words(world, administrator):
    for content, words in ((b"\xff\xfe", "no text file"), (b"a" * 30_000, "30,000 bytes")):
        file = SimpleUploadedFile("key.json", content)
        response = administrator.post(
            credential_url(world, "android", "fcm"), {"service_account_file": file}
        )
        assertContains(response, words)


def test_a_secret_never_comes_back_and_is_not_logged(world, administrator, caplog):
    """S19, S20: not even beside an error."""
    caplog.set_level(logging.DEBUG)
    refused = {
        "url": "https://10.0.0.1/",
        "username": "brand",
        "password": CANARY,
        "headers": f"XKey: {CANARY}",
        "client_key_pem": CANARY,
    }

    response = administrator.post(credential_url(world, "ios", "proxy"), refused)

    assert response.status_code == 200
    assertContains(response, 'value="brand"')
    assertNotContains(response, CANARY)
    assert CANARY not in caplog.text
    assert not AuditEvent.objects.filter(changes__icontains=CANARY).exists()


def test_a_provider_that_does_not_reach_the_platform_has_no_page(world, administrator):
    assert administrator.get(credential_url(world, "ios", "fcm")).status_code == 404
    assert administrator.post(credential_url(world, "web", "apns")).status_code == 404


def test_the_lab_is_offered_only_where_there_is_one(world, administrator, settings):
    named = {"app_id": AppFactory(account=world.account).pk, "platform": "ios"}
    lab = f"{url(world, 'settings_credential', **named)}?provider=lab"

    settings.LAB = "members"
    assert administrator.get(lab).status_code == 200
    settings.LAB = "off"
    assert administrator.get(lab).status_code == 404


def test_a_key_pair_for_web_push_is_made_by_one_press(world, administrator):
    app = AppFactory(account=world.account, platforms=["web"])

    administrator.post(url(world, "settings_vapid_keys", app_id=app.pk))

    pair = PushCredential.objects.get(app=app)
    assert pair.settings["contact"] == f"mailto:{world.administrator.email}"
    page = administrator.get(url(world, "settings_app", app_id=app.pk))
    assertContains(page, application_server_key(pair))


def test_a_key_pair_is_replaced_only_when_that_was_confirmed(world, administrator):
    app = AppFactory(account=world.account, platforms=["web"])
    keys = url(world, "settings_vapid_keys", app_id=app.pk)
    administrator.post(keys)
    first = PushCredential.objects.get(app=app).fingerprint

    answer = administrator.post(keys, follow=True)
    assertContains(answer, "Replacing it ends the subscription of every browser")
    assert PushCredential.objects.get(app=app).fingerprint == first

    administrator.post(keys, {"replace": "yes"})
    assert PushCredential.objects.get(app=app).fingerprint != first


def test_a_rotated_signing_secret_is_told_once_and_the_old_one_signs_a_day_more(
    world, administrator
):
    named = {"app_id": world.brand.app.pk, "platform": "huawei"}
    old = in_use(world, "huawei").signing[0].value

    told = administrator.post(url(world, "settings_signing_secret", **named))

    new, previous = in_use(world, "huawei").signing
    assertContains(told, new.value)
    assert (previous.value, new.until) == (old, None)
    assert told.headers["Cache-Control"].startswith("max-age=0")


def chip(world, client, platform):
    ways = app_page(client, world).context["ways"]
    return next(str(way.standing) for way in ways if way.platform == platform)


def test_a_credential_works_once_a_push_got_through(world, administrator):
    assert chip(world, administrator, "ios") == "unused"

    world.brand.send({"ingrid": "Hi"})

    assert chip(world, administrator, "ios") == "working"
    assert in_use(world, "ios").last_worked_at is not None
    save_credential(app=world.brand.app, platform="ios", provider="lab", settings={}, by="tests")
    assert chip(world, administrator, "ios") == "unused"


@pytest.mark.parametrize(
    ("reason", "standing"),
    [
        ("credential_refused", "refused"),
        ("address_refused", "refused"),
        ("provider_unavailable", "held_up"),
        ("answer_lost", "held_up"),
    ],
)
def test_a_breaker_tells_refused_from_held_up(world, administrator, reason, standing):
    """D8"""
    BreakerFactory(credential=in_use(world, "ios"), reason=reason, detail="Invalid JWT Signature")

    assert chip(world, administrator, "ios") == standing
    assertContains(app_page(administrator, world), "Invalid JWT Signature")


def test_googles_host_holds_up_every_credential_for_it(world, administrator):
    file = make_file()
    save_credential(
        app=world.brand.app,
        platform="android",
        provider="fcm",
        settings={"service_account": file},
        by="tests",
    )
    BreakerFactory(credential=None, provider="fcm", origin="https://fcm", scope="fcm https://fcm")

    assert chip(world, administrator, "android") == "held_up"
    assert chip(world, administrator, "ios") == "unused"


def test_before_a_credential_is_switched_off_it_is_told_what_waits_for_it(world, administrator):
    switch_off(credential=in_use(world, "ios"), by="tests", now=timezone.now())
    save_credential(app=world.brand.app, platform="ios", provider="lab", settings={}, by="tests")
    world.brand.send({"ingrid": "Hi"})
    OutboundMessage.objects.update(state="sent")
    created = Campaign.objects.get()
    other = OutboundMessage.objects.get()
    other.pk, other.public_id, other.state, other.consumer_ref = None, None, "queued", "kola"
    other.public_id = created.trace_id
    other.save(force_insert=True)
    off = url(world, "settings_credential_off", app_id=world.brand.app.pk, platform="ios")

    assertContains(administrator.get(off), "1 message of 1 campaign")
    administrator.post(off)

    assert chip(world, administrator, "ios") == "switched_off"


def push_test(world):
    return url(world, "settings_push_test", app_id=world.brand.app.pk)


def test_a_test_push_goes_to_the_chosen_device_and_to_no_campaign(world, administrator):
    second = world.brand.phone("ingrid2", label="Ingrid’s iPad")

    response = administrator.post(
        push_test(world), {"consumer": "ingrid2", "device": str(second.public_id)}, follow=True
    )

    assertContains(response, "took the push")
    assertContains(response, "Ingrid’s iPad")
    assert LabPush.objects.get().device_id == second.pk
    assert not Campaign.objects.exists()
    assert in_use(world, "ios").last_worked_at is not None


def test_a_test_of_one_platform_goes_to_the_persons_device_of_that_platform(world, administrator):
    ingrid = Consumer.objects.get(account=world.account, ref="ingrid")
    pixel = DeviceFactory(
        consumer=ingrid, app=world.brand.app, platform="android", last_seen_at=LONG_AGO
    )

    administrator.post(push_test(world), {"consumer": "ingrid", "platform": "android"})

    assert LabPush.objects.get().device_id == pixel.pk


def test_what_the_provider_refused_is_told_in_words_first_and_then_in_its_own(world, administrator):
    world.brand.phone("fred", token="lab:too-big", label="Fred’s iPhone")

    page = administrator.post(push_test(world), {"consumer": "fred"}, follow=True)

    verdict = page.context["tested"]
    assert not verdict["is_accepted"]
    body = page.content.decode()
    assert body.index(verdict["sentence"]) < body.index(verdict["words"])


def test_a_test_push_to_nobody_says_so_beside_the_field(world, administrator):
    for who in ("stranger", "ingrid\0"):
        page = administrator.post(push_test(world), {"consumer": who})
        assert page.status_code == 200
        assert page.context["form"].errors


def test_another_brands_device_cannot_be_tested(world, administrator):
    """S1"""
    other = make_world(name="Other Bank", mail="other.example")
    device = other.brand.phone("otto")

    page = administrator.post(
        push_test(world), {"consumer": "otto", "device": str(device.public_id)}
    )

    assertContains(page, "has no such device that is registered")
    assert not LabPush.objects.exists()


def test_reachability_tells_why_not_the_others(world, administrator):
    """C7"""
    world.brand.phone("opted").consumer.__class__.objects.filter(ref="opted").update(
        opted_out_at=timezone.now()
    )

    page = app_page(administrator, world)

    assertContains(page, '<b class="num">2</b> of 3 people')
    assertContains(page, "The person does not want messages from you.")
