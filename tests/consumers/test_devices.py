"""C2-C6: the registry of devices."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent
from consumers.models import Consumer, Device, token_digest
from consumers.services import note_environments, opt_in, opt_out, remove_dead_devices
from tests.consumers import tokens
from tests.consumers.conftest import Sdk
from tests.factories.accounts import AccountFactory, AppFactory
from tests.factories.consumers import ConsumerFactory, DeviceFactory, IdentityProviderFactory

UNKNOWN = "0190d2c0-0000-7000-8000-000000000000"


PUSH_SERVICE = "https://updates.push.services.mozilla.com/wpush/v2/abc"


def subscription(endpoint=PUSH_SERVICE, auth=b"0123456789abcdef"):
    point = tokens.ec_key().public_key()
    raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = {"p256dh": base64url(raw), "auth": base64url(auth)}
    return {"endpoint": endpoint, "keys": keys}


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_registering_tells_everything_the_app_said_but_the_token(sdk, app, phone):
    facts = {
        "environment": "sandbox",
        "osVersion": "17.4",
        "model": "iPhone 15",
        "locale": "sv-SE",
        "timeZone": "Europe/Stockholm",
        "country": "se",
        "city": "Malmö",
    }

    response = sdk.post("devices", phone | facts)

    device = Device.objects.get()
    assert response.status_code == 200, response.json()
    assert response.json() == {
        "id": str(device.public_id),
        "appName": "com.brand.app",
        "platform": "ios",
        "tokenSha256": token_digest("a-token"),
        "environment": "sandbox",
        "sdkVersion": "6.22.0",
        "androidX": False,
        "osVersion": "17.4",
        "model": "iPhone 15",
        "locale": "sv-SE",
        "timeZone": "Europe/Stockholm",
        "country": "SE",
        "city": "Malmö",
        "loggedIn": True,
        "unregisterType": None,
        "registeredAt": response.json()["registeredAt"],
        "lastSeenAt": response.json()["registeredAt"],
    }
    assert device.token == "a-token"


def test_registering_is_a_login(sdk, app, phone):
    before = timezone.now()

    sdk.signed_in("bo", given_name="Bo", family_name="Ek").post("devices", phone)

    bo = Consumer.objects.get()
    assert (bo.ref, bo.name) == ("bo", "Bo Ek")
    assert before <= bo.last_login_at <= timezone.now()


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "Anna Ek"}, "Anna Ek"),
        ({"given_name": "Anna", "name": "Other"}, "Anna"),
        ({"family_name": " Ek "}, "Ek"),
        ({"name": 7}, ""),
        ({"name": "a\0b"}, ""),
        ({"name": "é" * 300}, "é" * 255),
        ({}, ""),
    ],
)
def test_name_comes_from_the_token_where_it_has_one(sdk, app, phone, claims, name):
    response = sdk.signed_in("bo", **claims).post("devices", phone)

    assert response.status_code == 200
    assert Consumer.objects.get().name == name


def test_login_without_a_name_keeps_the_known_one(sdk, app, phone):
    sdk.signed_in("bo", name="Bo").post("devices", phone)
    sdk.signed_in("bo").post("devices", phone)

    assert Consumer.objects.get().name == "Bo"


def test_registering_twice_is_one_device_with_the_later_facts(sdk, app, phone):
    first = sdk.post("devices", phone | {"model": "iPhone 15", "city": "Malmö"}).json()
    second = sdk.post("devices", phone | {"model": "iPhone 16"}).json()

    assert second["id"] == first["id"]
    assert [d["model"] for d in sdk.get("devices").json()["devices"]] == ["iPhone 16"]
    assert second["city"] == ""


def test_token_that_moves_to_another_consumer_leaves_the_first(sdk, app, phone):
    """C2, D28: the last login wins."""
    anna, bo = sdk.signed_in("anna"), sdk.signed_in("bo")
    first = anna.post("devices", phone).json()
    second = bo.post("devices", phone).json()

    assert second["id"] == first["id"]
    assert anna.get("devices").json() == {"devices": []}
    assert [d["id"] for d in bo.get("devices").json()["devices"]] == [first["id"]]


def test_same_token_on_another_app_or_platform_is_another_device(sdk, account, app, phone):
    AppFactory(account=account, bundle_id="com.brand.app-Dev", platforms=["ios"])

    ids = {
        sdk.post("devices", phone).json()["id"],
        sdk.post("devices", phone | {"appName": "com.brand.app-Dev"}).json()["id"],
        sdk.post("devices", phone | {"platform": "android"}).json()["id"],
    }

    assert len(ids) == 3


@pytest.mark.django_db(transaction=True)
def test_simultaneous_logins_leave_a_token_with_one_consumer(sdk, app, phone):
    callers = [sdk.signed_in(f"consumer-{n % 4}") for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda caller: _register_in_thread(caller, phone), callers))

    assert codes == [200] * 24
    assert Device.objects.count() == 1
    assert Consumer.objects.count() == 4


def _register_in_thread(caller, phone):
    try:
        return caller.post("devices", phone).status_code
    finally:
        connection.close()


@pytest.mark.parametrize(
    "token",
    ["x", "brand-id:4711", "t" * 4096, "日本🎉", " padded ", "a\nb", "<script>", "' OR 1=1 --"],
)
def test_token_may_be_any_string(sdk, app, phone, token):
    response = sdk.post("devices", phone | {"token": token})

    assert response.status_code == 200
    assert Device.objects.get().token == token


def test_browser_registers_its_subscription(sdk, app):
    body = {"appName": "com.brand.app", "platform": "web", "subscription": subscription()}

    response = sdk.post("devices", body)

    device = Device.objects.get()
    assert response.status_code == 200, response.json()
    assert device.token == PUSH_SERVICE
    assert device.p256dh == subscription()["keys"]["p256dh"]
    assert device.auth == base64url(b"0123456789abcdef")
    assert "0123" not in response.content.decode()


WRONG = [
    ({"appName": None}, "#/appName", "required"),
    ({"appName": "com.brand.App"}, "#/appName", "unknown_app"),
    ({"appName": 7}, "#/appName", "not_a_string"),
    ({"appName": "a" * 156}, "#/appName", "too_long"),
    ({"platform": None}, "#/platform", "required"),
    ({"platform": "windows"}, "#/platform", "not_a_choice"),
    ({"platform": ["ios"]}, "#/platform", "not_a_string"),
    ({"token": None}, "#/token", "required"),
    ({"token": ""}, "#/token", "required"),
    ({"token": "t" * 4097}, "#/token", "too_long"),
    ({"token": {"a": 1}}, "#/token", "not_a_string"),
    ({"subscription": {}}, "#/subscription", "not_allowed"),
    ({"sdkVersion": None}, "#/sdkVersion", "required"),
    ({"sdkVersion": ""}, "#/sdkVersion", "required"),
    ({"sdkVersion": "six"}, "#/sdkVersion", "not_a_version"),
    ({"sdkVersion": "٦.٢"}, "#/sdkVersion", "not_a_version"),
    ({"sdkVersion": "6.2; DROP"}, "#/sdkVersion", "not_a_version"),
    ({"sdkVersion": "1" * 21}, "#/sdkVersion", "too_long"),
    ({"environment": "staging"}, "#/environment", "not_a_choice"),
    ({"androidX": "yes"}, "#/androidX", "not_a_boolean"),
    ({"osVersion": "1" * 51}, "#/osVersion", "too_long"),
    ({"model": 15}, "#/model", "not_a_string"),
    ({"locale": "l" * 36}, "#/locale", "too_long"),
    ({"timeZone": "Europe/Atlantis"}, "#/timeZone", "not_a_time_zone"),
    ({"timeZone": "../../etc/passwd"}, "#/timeZone", "not_a_time_zone"),
    ({"country": "Sweden"}, "#/country", "not_a_country"),
    ({"country": "S1"}, "#/country", "not_a_country"),
    ({"city": "c" * 101}, "#/city", "too_long"),
]


@pytest.mark.parametrize(("change", "pointer", "code"), WRONG)
def test_wrong_field_is_named_and_nothing_is_stored(sdk, app, phone, change, pointer, code):
    response = sdk.post("devices", phone | change)

    errors = [(error["pointer"], error["code"]) for error in response.json()["errors"]]
    assert response.status_code == 400
    assert (pointer, code) in errors
    assert len(errors) == 1 or pointer == "#/subscription"
    assert not Consumer.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"endpoint": PUSH_SERVICE.replace("https", "http")}, "#/subscription/endpoint"),
        ({"endpoint": "https://push.example/abc"}, "#/subscription/endpoint"),
        ({"endpoint": "https://push.services.mozilla.com.example/a"}, "#/subscription/endpoint"),
        ({"endpoint": "https://user@fcm.googleapis.com/wp/a"}, "#/subscription/endpoint"),
        ({"endpoint": "https://169.254.169.254/latest"}, "#/subscription/endpoint"),
        ({"endpoint": None}, "#/subscription/endpoint"),
        ({"keys": None}, "#/subscription/keys"),
        ({"keys": []}, "#/subscription/keys"),
        ({"keys": {"p256dh": "AAAA", "auth": base64url(b"0" * 16)}}, "#/subscription/keys/p256dh"),
        (
            {"keys": subscription()["keys"] | {"auth": base64url(b"0" * 15)}},
            "#/subscription/keys/auth",
        ),
        ({"keys": subscription()["keys"] | {"auth": "é"}}, "#/subscription/keys/auth"),
    ],
)
def test_wrong_part_of_a_subscription_is_named(sdk, app, wrong, pointer):
    body = {
        "appName": "com.brand.app",
        "platform": "web",
        "subscription": subscription() | wrong,
    }

    response = sdk.post("devices", body)

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_unknown_app_is_told_what_to_do(sdk, app, phone):
    response = sdk.post("devices", phone | {"appName": "com.brand.app-Dev"})

    assert "add the app in Settings" in response.json()["errors"][0]["detail"]


def test_app_of_another_account_is_unknown(sdk, app, phone):
    AppFactory(bundle_id="com.other.app", platforms=["ios"])

    response = sdk.post("devices", phone | {"appName": "com.other.app"})

    assert response.json()["errors"][0]["code"] == "unknown_app"


def test_platform_that_the_app_is_not_set_up_for_is_refused(sdk, account, phone):
    AppFactory(account=account, bundle_id="com.brand.app", platforms=["android"])

    response = sdk.post("devices", phone)

    assert response.json()["errors"][0]["code"] == "platform_not_set_up"


def test_unknown_fields_are_ignored_and_told(sdk, app, phone):
    """S11: nobody sets an account or a state by naming it."""
    response = sdk.post(
        "devices", phone | {"account": 1, "id": UNKNOWN, "removed_at": "2020-01-01", "a/b": 1}
    )

    warnings = response.json()["warnings"]
    assert response.status_code == 200
    assert {w["code"] for w in warnings} == {"unknown_field"}
    assert [w["pointer"] for w in warnings] == ["#/account", "#/id", "#/removed_at", "#/a~1b"]
    assert response.json()["id"] != UNKNOWN


@pytest.mark.parametrize(
    ("platform", "version", "is_androidx", "minimum"),
    [
        ("ios", "6.1.9", False, "6.2"),
        ("ios", "6.2", False, None),
        ("ios", "6.2.0-rc1", False, None),
        ("ios", "6.10", False, None),
        ("ios", "5.99.999", False, "6.2"),
        ("android", "4.6.9", False, "4.7"),
        ("android", "4.7.0", False, None),
        ("android", "5.4.9", True, "5.5"),
        ("android", "5.5", True, None),
        ("huawei", "4.6", False, "4.7"),
    ],
)
def test_older_sdk_is_registered_and_told_that_it_is_not_pushed_to(
    sdk, app, phone, platform, version, is_androidx, minimum
):
    """C3."""
    body = phone | {"platform": platform, "sdkVersion": version, "androidX": is_androidx}

    response = sdk.post("devices", body)

    warnings = response.json().get("warnings", [])
    assert Device.objects.count() == 1
    assert [w["code"] for w in warnings] == (["sdk_too_old"] if minimum else [])
    assert all(minimum in w["detail"] for w in warnings)


def test_minimum_sdk_version_is_a_field_of_the_app(sdk, app, phone):
    app.min_ios_sdk = "6.23"
    app.save()

    assert "6.23" in sdk.post("devices", phone).json()["warnings"][0]["detail"]


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({}, "ALL"),
        ({"unregisterType": None}, "ALL"),
        ({"unregisterType": ""}, "ALL"),
        ({"unregisterType": "ALL"}, "ALL"),
        ({"unregisterType": "NONE"}, "NONE"),
        ({"unregisterType": "AGENT"}, "AGENT"),
    ],
)
def test_logout_keeps_what_its_unregister_type_says(sdk, app, phone, body, kept):
    """C4: ALL where none is given."""
    device = sdk.post("devices", phone).json()["id"]

    answer = sdk.post(f"devices/{device}/logout", body).json()

    row = Device.objects.get()
    assert (answer["loggedIn"], answer["unregisterType"]) == (False, kept)
    assert row.logout_type == kept
    assert row.logged_out_at is not None


def test_logout_needs_no_body(sdk, app, phone):
    device = sdk.post("devices", phone).json()["id"]

    token = {"Authorization": f"Bearer {tokens.sign()}"}
    response = sdk.client.generic(
        "POST", sdk.url(f"devices/{device}/logout"), content_type="", headers=token
    )

    assert response.status_code == 200
    assert Device.objects.get().logout_type == "ALL"


def test_logout_of_an_unknown_type_is_refused(sdk, app, phone):
    device = sdk.post("devices", phone).json()["id"]

    response = sdk.post(f"devices/{device}/logout", {"unregisterType": "SOME"})

    assert response.status_code == 400
    assert Device.objects.get().is_logged_in


def test_login_after_logout_clears_it(sdk, app, phone):
    device = sdk.post("devices", phone).json()["id"]
    sdk.post(f"devices/{device}/logout", {"unregisterType": "ALL"})

    answer = sdk.post("devices", phone).json()

    assert (answer["id"], answer["loggedIn"], answer["unregisterType"]) == (device, True, None)


def test_refresh_is_no_login_and_keeps_what_it_does_not_name(sdk, app, phone):
    device = sdk.post("devices", phone | {"model": "iPhone 15", "timeZone": "Asia/Tokyo"}).json()
    sdk.post(f"devices/{device['id']}/logout", {"unregisterType": "AGENT"})
    login = Consumer.objects.get().last_login_at

    answer = sdk.patch(f"devices/{device['id']}", {"osVersion": "18.0", "timeZone": None}).json()

    assert answer["id"] == device["id"]
    assert (answer["model"], answer["osVersion"]) == ("iPhone 15", "18.0")
    assert answer["timeZone"] == "Asia/Tokyo"
    assert answer["unregisterType"] == "AGENT"
    assert answer["lastSeenAt"] > device["lastSeenAt"]
    assert Consumer.objects.get().last_login_at == login


def test_refresh_with_an_empty_version_keeps_the_known_one(sdk, app, phone):
    """C3: without a version a device would be held to no minimum."""
    device = sdk.post("devices", phone).json()

    emptied = sdk.patch(f"devices/{device['id']}", {"sdkVersion": ""})
    after = sdk.patch(f"devices/{device['id']}", {"model": "iPhone 17"})

    assert (emptied.status_code, after.status_code) == (200, 200)
    assert after.json()["sdkVersion"] == device["sdkVersion"]


def test_refresh_with_a_new_token_takes_the_old_one_out(sdk, app, phone):
    old = sdk.post("devices", phone).json()

    new = sdk.patch(f"devices/{old['id']}", {"token": "a-newer-token"}).json()

    assert [d["id"] for d in sdk.get("devices").json()["devices"]] == [new["id"]]
    assert Device.objects.get(public_id=old["id"]).removed_reason == "token_replaced"
    assert Device.objects.get(public_id=new["id"]).token == "a-newer-token"


def test_newest_device_is_listed_first(sdk, app, phone):
    sdk.post("devices", phone | {"token": "one"})
    sdk.post("devices", phone | {"token": "two"})
    sdk.post("devices", phone | {"token": "one"})

    listed = [device["tokenSha256"] for device in sdk.get("devices").json()["devices"]]

    assert listed == [token_digest("one"), token_digest("two")]


def test_deleted_device_is_gone_until_it_registers_again(sdk, app, phone):
    device = sdk.post("devices", phone).json()["id"]

    assert sdk.delete(f"devices/{device}").status_code == 204
    assert sdk.get("devices").json() == {"devices": []}
    assert sdk.delete(f"devices/{device}").status_code == 404
    assert sdk.post("devices", phone).json()["id"] == device
    assert len(sdk.get("devices").json()["devices"]) == 1


def routes(device_id):
    return [
        ("patch", f"devices/{device_id}", {"model": "x"}),
        ("delete", f"devices/{device_id}", None),
        ("post", f"devices/{device_id}/logout", {}),
    ]


@pytest.mark.parametrize("index", range(3))
def test_device_of_another_consumer_does_not_exist(sdk, app, phone, index):
    theirs = sdk.signed_in("bo").post("devices", phone).json()["id"]
    before = Device.objects.values().get()

    response = sdk.call(*routes(theirs)[index])

    assert response.status_code == 404
    assert Device.objects.values().get() == before


@pytest.mark.parametrize("index", range(3))
def test_device_of_another_brand_does_not_exist(sdk, app, phone, index):
    """Of a consumer with the same id, in a brand with the same keys."""
    other = AccountFactory()
    IdentityProviderFactory(
        account=other, issuer=tokens.ISSUER, public_key=tokens.pem(tokens.rsa_key())
    )
    theirs = DeviceFactory(consumer=ConsumerFactory(account=other, ref="anna"))

    assert sdk.call(*routes(theirs.public_id)[index]).status_code == 404
    assert sdk.get("devices").json() == {"devices": []}
    assert len(Sdk(other).get("devices").json()["devices"]) == 1


@pytest.mark.parametrize("device_id", [UNKNOWN, UNKNOWN.upper(), "1", "-" * 36, "%00", "..%2f1"])
def test_unknown_device_is_not_found(sdk, app, device_id):
    codes = {sdk.call(*route).status_code for route in routes(device_id)}

    assert codes == {404}


def test_paths_answer_with_and_without_the_last_slash(sdk, app, phone):
    """A19."""
    device = sdk.post("devices/", phone).json()["id"]

    codes = [
        sdk.get("devices/").status_code,
        sdk.patch(f"devices/{device}/", {}).status_code,
        sdk.post(f"devices/{device}/logout/").status_code,
        sdk.delete(f"devices/{device}/").status_code,
    ]

    assert codes == [200, 200, 200, 204]


def test_other_methods_are_refused(sdk, app):
    assert sdk.call("put", "devices", {}).status_code == 405


def test_dead_tokens_leave_the_registry_at_once(db):
    """C6."""
    dead, alive = DeviceFactory(), DeviceFactory()
    now = timezone.now()

    count = remove_dead_devices(dead_since={dead.pk: now}, reason="token_gone", now=now)

    dead.refresh_from_db()
    assert count == 1
    assert (dead.removed_at, dead.removed_reason) == (now, "token_gone")
    assert list(Device.objects.registered()) == [alive]


def test_token_that_registered_after_the_provider_saw_it_dead_stays(db):
    """C6, APNs' timestamp rule."""
    now = timezone.now()
    old = DeviceFactory(registered_at=now - timedelta(hours=2))
    new = DeviceFactory(registered_at=now)

    an_hour_ago = now - timedelta(hours=1)
    remove_dead_devices(
        dead_since={old.pk: an_hour_ago, new.pk: an_hour_ago}, reason="token_gone", now=now
    )

    assert list(Device.objects.registered()) == [new]


def test_removing_twice_keeps_the_first_reason(db):
    device = DeviceFactory()
    now = timezone.now()
    remove_dead_devices(dead_since={device.pk: now}, reason="token_gone", now=now)

    later = now + timedelta(seconds=1)
    again = remove_dead_devices(dead_since={device.pk: later}, reason="other", now=later)

    device.refresh_from_db()
    assert (again, device.removed_at, device.removed_reason) == (0, now, "token_gone")


def test_environment_that_a_provider_found_out_is_kept_unless_the_app_told_it(db):
    """D17."""
    told = DeviceFactory(environment="production")
    untold, other, third = DeviceFactory(), DeviceFactory(), DeviceFactory()

    note_environments(
        environments={told.pk: "sandbox", untold.pk: "sandbox", other.pk: "production"}
    )

    known = dict(Device.objects.values_list("pk", "environment"))
    assert known == {
        told.pk: "production",
        untold.pk: "sandbox",
        other.pk: "production",
        third.pk: "",
    }


def test_opting_out_and_in_is_kept_and_audited(db):
    """C8."""
    consumer = ConsumerFactory()
    now = timezone.now()

    opt_out(consumer=consumer, by="anna@brand.example", now=now)
    opt_out(consumer=consumer, by="anna@brand.example", now=now + timedelta(days=1))
    consumer.refresh_from_db()
    assert consumer.opted_out_at == now

    opt_in(consumer=consumer, by="anna@brand.example")
    consumer.refresh_from_db()
    assert consumer.opted_out_at is None
    verbs = AuditEvent.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["consumer_opted_out", "consumer_opted_in"]


@pytest.mark.parametrize("count", [1, 3])
def test_listing_takes_as_many_queries_for_one_device_as_for_three(
    sdk, app, account, provider, count, django_assert_num_queries
):
    DeviceFactory.create_batch(
        count, consumer=ConsumerFactory(account=account, ref="anna"), app=app
    )

    with django_assert_num_queries(2):
        response = sdk.get("devices")

    assert len(response.json()["devices"]) == count
