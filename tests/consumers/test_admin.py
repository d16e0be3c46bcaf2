"""J3, J6: operators see all, a brand's administrators their own account only."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from accounts.services import grant_role
from consumers.models import Consumer, IdentityProvider
from tests.consumers import tokens
from tests.factories.accounts import AccountFactory, UserFactory
from tests.factories.consumers import ConsumerFactory, DeviceFactory


@pytest.fixture
def operator(client, db):
    user = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def administrator(client, account):
    user = UserFactory(is_staff=True)
    grant_role(user=user, account=account, role="administrator", by="tests")
    client.force_login(user)
    return user


def test_operator_opts_consumers_out_and_in(client, operator):
    consumer = ConsumerFactory()
    url = reverse("admin:consumers_consumer_changelist")

    client.post(url, {"action": "opt_out", "_selected_action": [consumer.pk]})
    consumer.refresh_from_db()
    assert consumer.opted_out_at is not None

    client.post(url, {"action": "opt_in", "_selected_action": [consumer.pk]})
    consumer.refresh_from_db()
    assert consumer.opted_out_at is None
    assert {event.actor for event in AuditEvent.objects.all()} == {operator.email}


def test_operator_logs_devices_out_and_takes_them_out(client, operator):
    device = DeviceFactory()
    url = reverse("admin:consumers_device_changelist")

    client.post(url, {"action": "log_out", "_selected_action": [device.pk]})
    device.refresh_from_db()
    assert device.logout_type == "ALL"

    client.post(url, {"action": "remove", "_selected_action": [device.pk]})
    device.refresh_from_db()
    assert device.removed_reason == "operator"


def test_token_of_a_device_is_not_shown(client, operator):
    device = DeviceFactory(token="canary-token", auth="canary-auth")

    response = client.get(reverse("admin:consumers_device_change", args=[device.pk]))

    assert response.status_code == 200
    assert b"canary" not in response.content


def test_administrator_sees_consumers_of_the_own_account_only(client, account, administrator):
    ConsumerFactory(account=account, ref="ours")
    theirs = ConsumerFactory(ref="theirs")

    page = client.get(reverse("admin:consumers_consumer_changelist"))
    detail = client.get(reverse("admin:consumers_consumer_change", args=[theirs.pk]))

    assert b"ours" in page.content
    assert b"theirs" not in page.content
    assert detail.status_code == 302
    client.post(
        reverse("admin:consumers_consumer_changelist"),
        {"action": "opt_out", "_selected_action": [theirs.pk]},
    )
    assert not Consumer.objects.filter(opted_out_at__isnull=False).exists()


def provider_form(account, **settings):
    return {
        "account": account.pk,
        "issuer": tokens.ISSUER,
        "audience": "",
        "public_key": "",
        "jwks_url": "",
        "max_lifetime_seconds": 86_400,
        **settings,
    }


def test_administrator_sets_the_identity_provider(client, account, administrator):
    form = provider_form(account, public_key=tokens.pem(tokens.rsa_key()), algorithms=["RS256"])

    response = client.post(reverse("admin:consumers_identityprovider_add"), form)

    provider = IdentityProvider.objects.get()
    assert response.status_code == 302
    assert (provider.account, provider.algorithms) == (account, ["RS256"])
    assert AuditEvent.objects.filter(verb="identity_provider_saved").count() == 1


def test_identity_provider_of_another_account_cannot_be_set(client, administrator):
    form = provider_form(AccountFactory(), public_key=tokens.pem(tokens.rsa_key()))

    response = client.post(reverse("admin:consumers_identityprovider_add"), form)

    assert response.status_code == 200
    assert not IdentityProvider.objects.exists()


def test_wrong_setting_is_said_beside_its_field(client, account, administrator):
    form = provider_form(account, jwks_url="https://user:pw@idp.example/keys")

    response = client.post(reverse("admin:consumers_identityprovider_add"), form)

    errors = response.context["adminform"].form.errors
    assert list(errors) == ["jwks_url"]
    assert "user name or password" in errors["jwks_url"][0]
