"""S5: a brand's URL leads nowhere inside, however it is spelt."""

import socket

import pytest
from django.utils import timezone

from common.guard import AddressGuard
from tests.common.test_guard import (
    CLOSED_ADDRESSES,
    LOCAL_SPELLINGS,
    REFUSED_URLS,
    count_connects,
)
from tests.factories.accounts import AccountFactory
from tests.factories.webhooks import WebhookEndpointFactory
from tests.webhooks.conftest import tell_sent
from webhooks import calls
from webhooks.calls import check_url
from webhooks.delivery import deliver
from webhooks.events import EventType
from webhooks.models import WebhookDelivery, WebhookEndpoint
from webhooks.services import UrlNotAllowed, create_endpoint

CLOSED_LITERALS = [
    f"[{address}]" if ":" in address else address
    for address in CLOSED_ADDRESSES
    if address != "not an address"
]


@pytest.fixture
def listener():
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture
def account(db):
    return AccountFactory()


def test_listeners_on_the_loopback_see_no_connect_for_any_spelling(
    account, listener, settings, monkeypatch
):
    """The rows are put there past the check of the URL: the connection itself is refused."""
    settings.WEBHOOK_CONNECT_TIMEOUT = settings.WEBHOOK_TOTAL_TIMEOUT = 1.0
    port = listener.getsockname()[1]
    # The port is open, so that it is the address alone that is refused.
    monkeypatch.setattr(calls, "guard", lambda: AddressGuard(allow_http=True, ports=(port,)))
    for scheme in ("https", "http"):
        for host in LOCAL_SPELLINGS:
            WebhookEndpointFactory(account=account, url=f"{scheme}://{host}:{port}/")
    tell_sent(account)

    while deliver():
        pass

    tried = WebhookDelivery.objects.exclude(attempts=0)
    assert tried.count() == 2 * len(LOCAL_SPELLINGS) == 44
    assert set(tried.values_list("last_error", flat=True)) <= {"address_refused", "not_reached"}
    assert count_connects(listener) == 0


def test_an_address_that_the_operator_lists_is_called(account, listener, settings):
    settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.1"]
    settings.EGRESS_ALLOW_HTTP = True
    settings.WEBHOOK_TOTAL_TIMEOUT = 0.5
    port = listener.getsockname()[1]
    WebhookEndpointFactory(account=account, url=f"http://127.0.0.1:{port}/")
    tell_sent(account)

    deliver()

    assert count_connects(listener) == 1


@pytest.mark.parametrize(
    "url",
    [
        *REFUSED_URLS,
        *(f"https://{host}/" for host in CLOSED_LITERALS),
        *(f"https://{host}/" for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]")),
        "https://hooks.brand.example:22/",
        "https://hooks.brand.example:6379/",
    ],
)
def test_a_url_that_gives_itself_away_is_refused_when_it_is_set(account, url):
    with pytest.raises(UrlNotAllowed):
        create_endpoint(
            account=account,
            url=url,
            event_types=[EventType.RECIPIENT_SENT],
            by="tests",
            now=timezone.now(),
        )

    assert WebhookEndpoint.objects.count() == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.brand.example/in?key=1",
        "https://hooks.brand.example:8443/",
        "https://1.1.1.1/",
        "https://[2606:4700::1111]/",
    ],
)
def test_a_public_url_is_taken(url):
    check_url(url)


def test_a_private_address_is_taken_where_the_operator_lists_it(settings):
    settings.EGRESS_ALLOWED_NETWORKS = ["10.1.0.0/16"]

    check_url("https://10.1.2.3:9000/in")

    with pytest.raises(ValueError, match="address"):
        check_url("https://10.2.2.3/in")
