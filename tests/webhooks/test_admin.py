"""J3: the operator's window on webhooks, cut down to the account."""

import pytest
from django.test import Client

from accounts.models import Role
from tests.factories.accounts import AccountFactory, UserFactory, member
from tests.factories.webhooks import SECRET, WebhookEndpointFactory
from tests.webhooks.conftest import deliver_to_the_end, tell_sent
from webhooks.delivery import deliver
from webhooks.models import WebhookDelivery

LOG = "/admin/webhooks/webhookdelivery/"
WEBHOOKS = "/admin/webhooks/webhookendpoint/"


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator(db):
    return signed_in(UserFactory(is_staff=True, is_superuser=True))


def act(client, where, name, *rows):
    body = {"action": name, "_selected_action": [row.pk for row in rows]}
    return client.post(where, body, follow=True)


def test_the_log_is_read_only_and_a_delivery_is_sent_again(operator, account, endpoint, sink):
    tell_sent(account)
    deliver()
    row = WebhookDelivery.objects.get()

    assert row.event.public_id in operator.get(LOG).content.decode()
    assert operator.get(f"{LOG}add/").status_code == 403
    assert operator.post(f"{LOG}{row.pk}/change/", {"state": "dead"}).status_code == 403
    act(operator, LOG, "replay", row)

    deliver_to_the_end()
    assert sink.ids() == [row.event.public_id] * 2


def test_what_has_not_ended_is_not_sent_again_and_the_page_says_so(
    operator, account, endpoint, sink
):
    tell_sent(account)

    page = act(operator, LOG, "replay", WebhookDelivery.objects.get())

    assert "has not ended" in page.content.decode()


def test_a_webhook_is_switched_off_and_on_again(operator, endpoint):
    act(operator, WEBHOOKS, "disable", endpoint)
    endpoint.refresh_from_db()
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "by_hand")

    act(operator, WEBHOOKS, "enable", endpoint)

    endpoint.refresh_from_db()
    assert endpoint.is_enabled


def test_no_page_shows_a_secret(operator, endpoint):
    """S19"""
    for where in (WEBHOOKS, f"{WEBHOOKS}{endpoint.pk}/change/"):
        page = operator.get(where)
        assert page.status_code == 200
        assert SECRET not in page.content.decode()
        assert "sealed" not in page.content.decode()


def test_an_administrator_sees_the_webhooks_of_the_own_brand_alone(account, endpoint, sink):
    theirs = WebhookEndpointFactory(account=AccountFactory(), url=sink.url)
    tell_sent(account)
    tell_sent(theirs.account)
    ada = signed_in(member(Role.ADMINISTRATOR, account, is_staff=True))

    shown = ada.get(WEBHOOKS).content.decode()
    assert str(endpoint.public_id) in shown
    assert str(theirs.public_id) not in shown
    their_row = theirs.deliveries.get()
    assert their_row.event.public_id not in ada.get(LOG).content.decode()
    assert ada.get(f"{LOG}{their_row.pk}/change/").status_code == 302
    act(ada, WEBHOOKS, "disable", theirs)
    theirs.refresh_from_db()
    assert theirs.is_enabled
