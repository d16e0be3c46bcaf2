"""C2, C6, D28: whose a device is, and how it leaves the registry and comes back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from consumers import api, services
from consumers.models import Device
from consumers.services import (
    Registration,
    log_out,
    refresh,
    register_device,
    remove_dead_devices,
)
from tests.consumers.test_devices import PUSH_SERVICE, subscription
from tests.factories.consumers import ConsumerFactory, DeviceFactory
from tests.live import wait_for


def register(device, ref, *, now=None):
    """Log a consumer in on the device's phone."""
    return register_device(
        account=device.account,
        claims={"sub": ref},
        registration=registration(device),
        now=now or timezone.now(),
    )


def registration(device):
    return Registration(app=device.app, platform=device.platform, token=device.token)


def listed(sdk):
    return [device["id"] for device in sdk.get("devices").json()["devices"]]


def test_a_consumer_may_have_five_devices_and_lose_one_to_another(sdk, app, phone):
    """D28: the others stay."""
    anna, bo = sdk.signed_in("anna"), sdk.signed_in("bo")
    ids = [anna.post("devices", phone | {"token": f"t{n}"}).json()["id"] for n in range(5)]

    bo.post("devices", phone | {"token": "t2"})

    assert listed(anna) == [ids[4], ids[3], ids[1], ids[0]]
    assert listed(bo) == [ids[2]]


def test_a_browser_whose_subscription_changes_stays_one_device(sdk, app):
    """C2: the app tells its new endpoint, and the old one is pushed to no more."""
    browser = {"appName": "com.brand.app", "platform": "web", "subscription": subscription()}
    old = sdk.post("devices", browser).json()["id"]

    changed = {"subscription": subscription(endpoint=f"{PUSH_SERVICE}-2")}
    new = sdk.patch(f"devices/{old}", changed).json()["id"]

    assert listed(sdk) == [new]
    assert Device.objects.get(public_id=old).removed_reason == "token_replaced"
    assert Device.objects.registered().get().token == f"{PUSH_SERVICE}-2"


def test_new_keys_of_the_same_endpoint_are_the_same_device(sdk, app):
    """C2"""
    browser = {"appName": "com.brand.app", "platform": "web", "subscription": subscription()}
    device = sdk.post("devices", browser).json()["id"]

    again = sdk.post("devices", browser | {"subscription": subscription(auth=b"f" * 16)})

    assert again.json()["id"] == device
    assert Device.objects.get().auth != subscription()["keys"]["auth"]


@pytest.mark.parametrize("reason", ["token_gone", "stale", "token_replaced", "operator"])
def test_a_device_that_left_comes_back_when_its_app_registers_again(sdk, app, phone, reason):
    """C2, C6, D28: whatever it left for."""
    device = sdk.post("devices", phone).json()["id"]
    Device.objects.get().remove(reason=reason, now=timezone.now())
    assert listed(sdk) == []

    assert sdk.post("devices", phone).json()["id"] == device

    assert listed(sdk) == [device]
    assert Device.objects.get().removed_reason == ""


def test_of_too_many_devices_of_a_person_the_one_seen_longest_ago_leaves(db, monkeypatch):
    monkeypatch.setattr(services, "MOST_DEVICES", 2)
    now, anna = timezone.now(), ConsumerFactory(ref="anna")
    for token, days in (("older", 2), ("oldest", 3)):
        DeviceFactory(consumer=anna, token=token, last_seen_at=now - timedelta(days=days))
    another_s = DeviceFactory(consumer__account=anna.account, last_seen_at=now - timedelta(days=9))
    new = DeviceFactory.build(account=anna.account, app=another_s.app, consumer=anna, token="new")

    register(new, "anna", now=now)

    left = Device.objects.get(removed_reason="too_many")
    assert left.token == "oldest"
    assert Device.objects.registered().count() == 3


def test_a_refresh_that_comes_after_another_login_does_not_take_the_device_back(db):
    """C2: the last login wins, and a refresh is none."""
    annas = DeviceFactory(consumer__ref="anna")
    register(annas, "bo")

    with pytest.raises(Device.DoesNotExist):
        refresh(device=annas, registration=registration(annas), now=timezone.now())

    assert Device.objects.get().consumer.ref == "bo"


def test_a_refresh_that_comes_after_a_log_out_leaves_it_logged_out(db):
    """C4: an app that logs out as its token changes is pushed to no more."""
    device = DeviceFactory()
    log_out(device=Device.objects.get(), now=timezone.now())

    current = refresh(device=device, registration=registration(device), now=timezone.now())

    assert (current.pk, current.logout_type) == (device.pk, "ALL")


def test_a_refresh_that_comes_after_a_removal_does_not_bring_the_device_back(db):
    device = DeviceFactory()
    Device.objects.get().remove(reason="unregistered", now=timezone.now())

    with pytest.raises(Device.DoesNotExist):
        refresh(device=device, registration=registration(device), now=timezone.now())

    assert not Device.objects.registered().exists()


def test_a_refresh_that_meets_another_login_is_told_that_the_device_is_gone(
    sdk, app, phone, monkeypatch
):
    """C2: the view found it, and it moved before the service held it."""
    device = sdk.post("devices", phone).json()["id"]
    read = api.read_changes

    def another_logs_in(fields, found):
        register(found, "bo")
        return read(fields, found)

    monkeypatch.setattr(api, "read_changes", another_logs_in)

    assert sdk.patch(f"devices/{device}", {"model": "x"}).status_code == 404
    assert Device.objects.get().consumer.ref == "bo"


@pytest.mark.parametrize("act", ["log_out", "remove"])
def test_what_the_former_consumer_still_does_leaves_the_next_one_s_device_alone(db, act):
    """C2, C4: a log-out that was slow on its way."""
    annas = DeviceFactory(consumer__ref="anna")
    register(annas, "bo")

    if act == "log_out":
        log_out(device=annas, now=timezone.now())
    else:
        annas.remove(reason="unregistered", now=timezone.now())

    bos = Device.objects.get()
    assert (bos.consumer.ref, bos.is_logged_in, bos.removed_at) == ("bo", True, None)


def test_hundreds_of_dead_tokens_leave_by_one_statement(db, django_assert_num_queries):
    """C6"""
    consumer = ConsumerFactory()
    device = DeviceFactory(consumer=consumer)
    devices = DeviceFactory.create_batch(300, consumer=consumer, app=device.app)
    now = timezone.now()

    with django_assert_num_queries(1):
        count = remove_dead_devices(
            dead_since={dead.pk: now for dead in devices}, reason="token_gone", now=now
        )

    assert count == 300
    assert Device.objects.registered().get() == device


@pytest.mark.django_db(transaction=True)
def test_a_device_that_registers_while_it_is_being_removed_stays():
    """C6, D17: whoever comes second looks at the row as the first one left it."""
    device = DeviceFactory(registered_at=timezone.now() - timedelta(days=9))
    dead_since = {device.pk: timezone.now()}

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            register(device, device.consumer.ref)
            removing = pool.submit(_remove_in_thread, dead_since)
            wait_for(_is_a_lock_awaited, seconds=20, what="a lock that is awaited")
        removed = removing.result(timeout=20)

    assert removed == 0
    assert Device.objects.registered().get() == device


def _remove_in_thread(dead_since):
    try:
        return remove_dead_devices(dead_since=dead_since, reason="token_gone", now=timezone.now())
    finally:
        connection.close()


def _is_a_lock_awaited():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0
