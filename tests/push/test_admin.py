"""D1, J5: push credentials go in by the admin and never come out."""

import json

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import AuditEvent
from accounts.services import grant_role
from push.credentials import provider_settings
from push.models import Breaker, PushCredential
from tests.factories.accounts import AppFactory, UserFactory
from tests.factories.push import BreakerFactory, PushCredentialFactory
from tests.providers.apns_keys import make_credential
from tests.providers.fcm_accounts import make_file

CANARY = "canary-4711-secret"


@pytest.fixture
def app(db):
    return AppFactory()


@pytest.fixture
def administrator(client, app):
    user = UserFactory(is_staff=True)
    grant_role(user=user, account=app.account, role="administrator", by="tests")
    client.force_login(user)
    return user


def proxy_form(app, **settings):
    return {
        "app": app.pk,
        "platform": "ios",
        "provider": "proxy",
        "url": "https://proxy.brand.example/push",
        "username": "brand",
        "password": CANARY,
        "headers": "XKey: abc\r\nXOther: d",
        **settings,
    }


def test_administrator_adds_a_push_proxy(client, app, administrator):
    response = client.post(reverse("admin:push_pushcredential_add"), proxy_form(app))

    credential = PushCredential.objects.get()
    assert response.status_code == 302
    assert credential.account == app.account
    assert provider_settings(credential).headers == (("XKey", "abc"), ("XOther", "d"))


def signing():
    return [one.value for one in PushCredential.objects.get().signing]


def test_signing_secret_is_shown_once_when_a_proxy_is_added(client, app, administrator):
    url = reverse("admin:push_pushcredential_add")

    added = client.post(url, proxy_form(app), follow=True)
    changed = client.post(url, proxy_form(app, password="another"), follow=True)

    (secret,) = signing()
    assertContains(added, secret, count=1)
    assertNotContains(changed, "whsec_")


def act(client, action, credential):
    url = reverse("admin:push_pushcredential_changelist")
    return client.post(url, {"action": action, "_selected_action": [credential.pk]}, follow=True)


def test_signing_secret_is_rotated_and_the_new_one_shown_once(client, app, administrator):
    client.post(reverse("admin:push_pushcredential_add"), proxy_form(app), follow=True)

    rotated = act(client, "rotate_signing_secret", PushCredential.objects.get())

    newest, before = signing()
    assertContains(rotated, newest, count=1)
    assertNotContains(rotated, before)


def test_lab_has_no_signing_secret_to_rotate(client, app, administrator):
    response = act(client, "rotate_signing_secret", PushCredentialFactory(app=app))

    assertContains(response, "Only pushes to a push proxy are signed.")


def test_adding_again_replaces_the_one_there_was(client, app, administrator):
    url = reverse("admin:push_pushcredential_add")
    client.post(url, proxy_form(app))
    client.post(url, proxy_form(app, password="another"))

    assert provider_settings(PushCredential.objects.get()).password == "another"


def test_stored_settings_are_never_shown(client, app, administrator):
    client.post(reverse("admin:push_pushcredential_add"), proxy_form(app))
    credential = PushCredential.objects.get()

    detail = client.get(reverse("admin:push_pushcredential_change", args=[credential.pk]))
    listed = client.get(reverse("admin:push_pushcredential_changelist"))

    for page in (detail, listed):
        assert page.status_code == 200
        assert CANARY.encode() not in page.content
        assert b"proxy.brand.example" not in page.content
        assert credential.fingerprint.encode() in page.content


def test_wrong_setting_is_said_beside_its_field_and_the_password_is_not_repeated(
    client, app, administrator
):
    form = proxy_form(app, headers="X-Key: abc")

    response = client.post(reverse("admin:push_pushcredential_add"), form)

    assert list(response.context["adminform"].form.errors) == ["headers"]
    assert CANARY.encode() not in response.content
    assert not PushCredential.objects.exists()


def test_changing_needs_the_whole_settings_again(client, app, administrator):
    credential = PushCredentialFactory(app=app)
    url = reverse("admin:push_pushcredential_change", args=[credential.pk])

    without = client.post(url, {"provider": "proxy"})
    whole = client.post(url, proxy_form(app))

    assert list(without.context["adminform"].form.errors) == ["url"]
    assert whole.status_code == 302
    assert PushCredential.objects.get().provider == "proxy"


def fcm_form(app, **file):
    account = json.dumps(make_file() | file, indent=2)
    return {"app": app.pk, "platform": "android", "provider": "fcm", "service_account": account}


def test_service_account_is_pasted_and_never_shown_again(client, app, administrator):
    form = fcm_form(app)

    response = client.post(reverse("admin:push_pushcredential_add"), form)

    credential = PushCredential.objects.get()
    detail = client.get(reverse("admin:push_pushcredential_change", args=[credential.pk]))
    assert response.status_code == 302
    assert provider_settings(credential).project_id == "larkfield-app"
    assert b"larkfield-app" not in detail.content
    assert b"PRIVATE KEY" not in detail.content


def test_service_account_with_a_fault_is_not_repeated_beside_what_is_wrong(
    client, app, administrator
):
    form = fcm_form(app, client_email="push@larkfield.example")

    response = client.post(reverse("admin:push_pushcredential_add"), form)

    errors = response.context["adminform"].form.errors
    assert list(errors) == ["service_account"]
    assert "client_email" in errors["service_account"][0]
    assert b"PRIVATE KEY" not in response.content
    assert not PushCredential.objects.exists()


@pytest.mark.parametrize("platform", ["ios", "web", "huawei"])
def test_fcm_is_for_android(client, app, administrator, platform):
    form = fcm_form(app) | {"platform": platform}

    response = client.post(reverse("admin:push_pushcredential_add"), form)

    assert response.status_code == 200
    assert b"Firebase Cloud Messaging does not reach" in response.content
    assert not PushCredential.objects.exists()


def test_app_of_another_account_cannot_be_chosen(client, app, administrator):
    response = client.post(reverse("admin:push_pushcredential_add"), proxy_form(AppFactory()))

    assert response.status_code == 200
    assert not PushCredential.objects.exists()


def test_credential_is_switched_off(client, app, administrator):
    act(client, "switch_off", PushCredentialFactory(app=app))

    assert not PushCredential.objects.get().is_enabled


def apns_form(app, **settings):
    given = make_credential(topic="") | {"environment": "sandbox"} | settings
    return {"app": app.pk, "platform": "ios", "provider": "apns", **given}


def test_administrator_adds_a_key_of_apples_and_it_is_never_shown(client, app, administrator):
    """D1, J5."""
    form = apns_form(app)
    # As browsers send what stands in a text area.
    form["private_key"] = form["private_key"].replace("\n", "\r\n")

    response = client.post(reverse("admin:push_pushcredential_add"), form)
    credential = PushCredential.objects.get()
    page = client.get(reverse("admin:push_pushcredential_change", args=[credential.pk]))

    made = provider_settings(credential)
    assert response.status_code == 302
    assert (made.team_id, made.key_id, made.topic) == ("DEF123GHIJ", "ABC123DEFG", "")
    assert made.environment == "sandbox"
    for secret in ("PRIVATE KEY", "DEF123GHIJ", "ABC123DEFG"):
        assert secret not in page.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("team_id", "DEF123"), ("key_id", ""), ("private_key", f"x {CANARY}"), ("topic", "a b")],
)
def test_wrong_setting_for_apple_is_said_beside_its_field_without_the_key(
    client, app, administrator, field, value
):
    form = apns_form(app, **{field: value})

    response = client.post(reverse("admin:push_pushcredential_add"), form)

    page = response.content.decode()
    assert list(response.context["adminform"].form.errors) == [field]
    assert CANARY not in page
    assert "PRIVATE KEY" not in page


def test_apple_reaches_iphones_only(client, app, administrator):
    response = client.post(
        reverse("admin:push_pushcredential_add"), apns_form(app) | {"platform": "android"}
    )

    assert not PushCredential.objects.exists()
    assert "does not reach &#x27;android&#x27;" in response.content.decode()


def test_breakers_are_listed_for_their_account_and_closed_by_hand(client, app, administrator):
    """D8: an administrator who mended the provider need not wait for the next try."""
    breaker = BreakerFactory(credential=PushCredentialFactory(app=app), detail="503 by the proxy")
    other = BreakerFactory()
    url = reverse("admin:push_breaker_changelist")

    listed = client.get(url)
    assert "503 by the proxy" in listed.content.decode()
    assert list(listed.context["cl"].queryset) == [breaker]
    client.post(url, {"action": "close_now", "_selected_action": [breaker.pk, other.pk]})

    assert [row.pk for row in Breaker.objects.open()] == [other.pk]
    assert Breaker.objects.get(pk=breaker.pk).is_wake_due
    event = AuditEvent.objects.get(verb="breaker_closed")
    assert (event.actor, event.account_number) == (str(administrator), app.account.number)


def test_breakers_are_read_and_not_written(client, app, administrator):
    breaker = BreakerFactory(credential=PushCredentialFactory(app=app))

    page = client.get(reverse("admin:push_breaker_change", args=[breaker.pk]))
    delete = client.post(reverse("admin:push_breaker_delete", args=[breaker.pk]), {"post": "yes"})

    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert delete.status_code == 403
    assert client.get(reverse("admin:push_breaker_add")).status_code == 403


def test_a_credential_is_switched_off_and_not_deleted_but_goes_with_its_app(
    client, app, administrator
):
    """D27"""
    credential = BreakerFactory(credential=PushCredentialFactory(app=app)).credential
    own = reverse("admin:push_pushcredential_delete", args=[credential.pk])
    assert client.post(own, {"post": "yes"}).status_code == 403

    client.post(reverse("admin:accounts_app_delete", args=[app.pk]), {"post": "yes"})

    assert not PushCredential.objects.exists()
    assert not Breaker.objects.exists()
