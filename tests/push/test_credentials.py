"""J5: provider credentials are encrypted at rest, with rotation."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from accounts.models import AuditEvent
from common.signatures import SigningSecret
from push.credentials import (
    CredentialInvalid,
    NothingSigned,
    provider_settings,
    reencrypt_all,
    rotate_signing_secret,
    save_credential,
    switch_off,
)
from push.models import PushCredential
from push.providers.proxy_settings import ProxySettings
from tests.factories.accounts import AppFactory
from tests.factories.push import BreakerFactory, PushCredentialFactory

CANARY = "canary-4711-secret"
PROXY = {
    "url": "https://proxy.brand.example/push",
    "username": "brand",
    "password": CANARY,
    "headers": [["XKey", f"{CANARY}-header"]],
}


@pytest.fixture
def app(db):
    return AppFactory()


def save(app, settings=PROXY, provider="proxy", platform="ios"):
    return save_credential(
        app=app, platform=platform, provider=provider, settings=settings, by="anna@brand.example"
    )


def test_saved_settings_come_back_in_the_providers_own_type(app, settings):
    settings.EGRESS_ALLOWED_NETWORKS = ["10.0.0.0/8"]
    settings.EGRESS_ALLOW_HTTP = False
    credential = save(app)

    assert provider_settings(PushCredential.objects.get(pk=credential.pk)) == ProxySettings(
        url="https://proxy.brand.example/push",
        username="brand",
        password=CANARY,
        headers=(("XKey", f"{CANARY}-header"),),
        ca_file=settings.EGRESS_CA_FILE,
        allowed_networks=("10.0.0.0/8",),
        allow_http=False,
        signing=(SigningSecret(credential.new_signing_secret),),
    )


def test_secrets_stand_nowhere_in_the_database(app):
    signing = save(app).new_signing_secret

    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [name for (name,) in cursor.fetchall()]
        dump = ""
        for name in names:
            cursor.execute(f'SELECT t::text, t.* FROM "{name}" t')
            for row in cursor.fetchall():
                dump += str([bytes(v) if isinstance(v, memoryview) else v for v in row])
    assert "push_pushcredential" in names
    assert app.bundle_id in dump
    for secret in (CANARY, signing.removeprefix("whsec_")):
        assert secret not in dump
        assert secret.encode().hex() not in dump


def test_secrets_stand_in_no_representation_and_no_audit_row(app):
    credential = save(app)

    said = f"{credential!r} {credential} {provider_settings(credential)!r}"
    event = AuditEvent.objects.get()

    for secret in (CANARY, credential.new_signing_secret):
        assert secret not in said
        assert secret not in str(event.changes)
    assert event.verb == "push_credential_saved"
    assert event.changes["fingerprint"] == [None, credential.fingerprint]
    assert event.actor == "anna@brand.example"


def test_fingerprint_is_the_same_for_the_same_settings_and_differs_for_others(app):
    first = save(app).fingerprint
    again = save(app, dict(reversed(PROXY.items()))).fingerprint
    other = save(app, PROXY | {"password": "another"}).fingerprint

    assert re.fullmatch("[0-9a-f]{16}", first)
    assert first == again
    assert other != first


def test_signing_secret_is_told_once_and_stays_when_the_settings_change(app):
    told = save(app).new_signing_secret
    again = save(app, PROXY | {"password": "another"})

    assert Webhook(told).sign("m", timezone.now(), "{}").startswith("v1,")
    assert again.new_signing_secret == ""
    assert PushCredential.objects.get().new_signing_secret == ""
    assert [one.value for one in PushCredential.objects.get().signing] == [told]


def test_provider_that_is_not_signed_has_no_secret_and_a_proxy_after_it_a_new_one(app):
    first = save(app).new_signing_secret
    lab = save(app, {}, provider="lab")
    proxy = save(app)

    assert (lab.new_signing_secret, lab.signing) == ("", ())
    assert proxy.new_signing_secret not in ("", first)
    with pytest.raises(NothingSigned):
        rotate_signing_secret(
            credential=PushCredentialFactory(), by="anna@brand.example", now=timezone.now()
        )


def test_credential_from_before_there_were_signatures_works_unsigned_and_can_be_given_a_secret(app):
    credential = save(app)
    PushCredential.objects.filter(pk=credential.pk).update(
        sealed={"account": app.account.number, "settings": PROXY}
    )
    old = PushCredential.objects.get()
    assert provider_settings(old).signing == ()

    secret = rotate_signing_secret(credential=old, by="anna@brand.example", now=timezone.now())

    assert PushCredential.objects.get().signing == (SigningSecret(secret),)


def test_rotation_of_a_signing_secret_keeps_the_one_before_for_a_day_and_ends_older_ones(app):
    first = save(app)
    now = timezone.now()

    second = rotate_signing_secret(credential=first, by="anna@brand.example", now=now)
    between = PushCredential.objects.get()
    third = rotate_signing_secret(credential=first, by="anna@brand.example", now=now)
    after = PushCredential.objects.get()

    assert after.signing == (
        SigningSecret(third),
        SigningSecret(second, until=now + timedelta(days=1)),
    )
    assert len({first.fingerprint, between.fingerprint, after.fingerprint}) == 3
    assert provider_settings(after).password == CANARY
    verbs = AuditEvent.objects.order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["push_credential_saved", *["push_signing_secret_rotated"] * 2]


def test_new_credential_takes_the_place_of_the_enabled_one_and_closes_its_breakers(app):
    old = save(app)
    breaker = BreakerFactory(credential=old, is_notice_due=True)

    save(app, PROXY | {"password": "another"})

    row = PushCredential.objects.get(app=app)
    breaker.refresh_from_db()
    assert (provider_settings(row).password, row.is_enabled) == ("another", True)
    assert (breaker.opened_at, breaker.is_wake_due, breaker.is_notice_due) == (None, True, False)


def test_credentials_of_other_platforms_and_apps_stay(app):
    save(app)
    save(app, platform="android")
    save(AppFactory(account=app.account))

    assert PushCredential.objects.filter(is_enabled=True).count() == 3


def test_switched_off_credential_makes_room_for_the_next(app):
    first = save(app)

    switch_off(credential=first, by="anna@brand.example", now=timezone.now())
    second = save(app, {}, provider="lab")

    enabled = PushCredential.objects.filter(is_enabled=True)
    assert [row.pk for row in enabled] == [second.pk]
    assert second.pk != first.pk


@pytest.mark.parametrize(
    ("provider", "given", "pointer"),
    [
        ("proxy", {}, "/settings/url"),
        ("proxy", PROXY | {"url": "http://proxy.brand.example/"}, "/settings/url"),
        ("proxy", PROXY | {"url": 7}, "/settings/url"),
        ("proxy", PROXY | {"username": "a:b"}, "/settings/username"),
        ("proxy", PROXY | {"password": "a\nb"}, "/settings/password"),
        ("proxy", PROXY | {"headers": "X: y"}, "/settings/headers"),
        ("proxy", PROXY | {"headers": [["X"]]}, "/settings/headers"),
        ("proxy", PROXY | {"headers": [["X", 1]]}, "/settings/headers"),
        ("proxy", PROXY | {"headers": [["X-Key", "y"]]}, "/settings/headers"),
        ("proxy", PROXY | {"client_cert_pem": "x"}, "/settings/client_cert_pem"),
        ("proxy", PROXY | {"allow_http": True}, "/settings/allow_http"),
        ("proxy", PROXY | {"allowed_networks": ["0.0.0.0/0"]}, "/settings/allowed_networks"),
        ("proxy", PROXY | {"ca_file": "/etc/passwd"}, "/settings/ca_file"),
        ("lab", {"url": "https://x.example"}, "/settings/url"),
        ("fcm", {"service_account": "{}"}, "/provider"),
        ("pigeon", {}, "/provider"),
    ],
)
def test_setting_that_cannot_be_used_is_named_and_nothing_is_stored(app, provider, given, pointer):
    with pytest.raises(CredentialInvalid) as caught:
        save(app, given, provider)

    assert caught.value.pointer == pointer
    assert CANARY not in caught.value.message
    assert not PushCredential.objects.exists()


def test_unknown_platform_is_refused(app):
    with pytest.raises(CredentialInvalid) as caught:
        save(app, platform="windows")

    assert caught.value.pointer == "/platform"


def test_sealed_settings_are_of_no_use_to_another_account(app):
    """A row copied to another brand does not open."""
    credential = save(app)
    stranger = AppFactory()
    PushCredential.objects.filter(pk=credential.pk).update(account=stranger.account)

    with pytest.raises(ValueError, match="sealed for another account"):
        provider_settings(PushCredential.objects.get(pk=credential.pk))


def sealed(pk):
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed FROM push_pushcredential WHERE id = %s", [pk])
        return bytes(cursor.fetchone()[0])


def test_rotation_encrypts_every_row_with_the_first_key(app, settings, capsys):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_KEYS = [old]
    pks = [PushCredentialFactory().pk for _ in range(3)]
    pks += [save(app).pk]

    settings.FIELD_KEYS = [new, old]
    call_command("rotate_field_keys")

    settings.FIELD_KEYS = [new]
    assert "4 rows" in capsys.readouterr().out
    assert provider_settings(PushCredential.objects.get(pk=pks[-1])).password == CANARY
    assert [PushCredential.objects.get(pk=pk).settings for pk in pks[:3]] == [{}, {}, {}]


@pytest.mark.parametrize("batch", [1, 2, 3, 200])
def test_rotation_reaches_every_row_whatever_the_batch(app, settings, batch):
    pks = [PushCredentialFactory().pk for _ in range(3)]
    before = [sealed(pk) for pk in pks]
    fresh = Fernet.generate_key().decode()
    settings.FIELD_KEYS = [fresh, *settings.FIELD_KEYS]

    assert reencrypt_all(batch=batch) == 3

    after = [sealed(pk) for pk in pks]
    assert not set(before) & set(after)
    assert all(Fernet(fresh).decrypt(token) for token in after)


@pytest.mark.django_db(transaction=True)
def test_value_saved_while_rotation_reads_it_is_not_overwritten(app, settings):
    credential = save(app)
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            save(app, PROXY | {"password": "another"})
            rotation = pool.submit(_rotate_in_thread)
            wait_until_a_lock_is_awaited()
        rotation.result(timeout=10)

    assert provider_settings(PushCredential.objects.get(pk=credential.pk)).password == "another"


def _rotate_in_thread():
    try:
        return reencrypt_all()
    finally:
        connection.close()


def wait_until_a_lock_is_awaited():
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("The rotation took no lock.")


def test_key_taken_away_too_early_is_said_plainly(app, settings):
    credential = save(app)
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(ImproperlyConfigured, match="Add that key back"):
        PushCredential.objects.get(pk=credential.pk)


def test_new_prints_a_key_that_works_and_changes_nothing(db, capsys):
    call_command("rotate_field_keys", "--new")

    key = capsys.readouterr().out.strip()
    assert Fernet(key).decrypt(Fernet(key).encrypt(b"x")) == b"x"
