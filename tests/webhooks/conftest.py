"""A brand with a webhook whose endpoint is a real HTTP server of the tests."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import transaction
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from accounts.models import Account
from tests.factories.accounts import AccountFactory
from tests.factories.webhooks import SECRET, WebhookEndpointFactory
from tests.providers.proxy_server import Order, Orders, ProxyServer, open_log, run_in_thread
from webhooks.delivery import deliver
from webhooks.events import EventType, NewEvent
from webhooks.models import PENDING, WebhookDelivery, WebhookEndpoint
from webhooks.services import publish


class Sink(ProxyServer):
    """The brand's server: `order` says what to do with the next calls, `received` what came."""

    def order(self, *orders: Order) -> None:
        self.orders.give("", *orders)

    def received(self) -> list[tuple[dict[str, str], bytes]]:
        return list(self.calls)

    def ids(self) -> list[str]:
        return [head["webhook-id"] for head, _ in self.calls]

    def verified(self, secret: str = SECRET) -> list[Any]:
        """The payloads, each checked by the library that a receiver would use."""
        return [Webhook(secret).verify(body, head) for head, body in self.calls]


@pytest.fixture
def make_sink(tmp_path, settings, loopback_egress) -> Iterator[Callable[[], Sink]]:
    settings.WEBHOOK_CONNECT_TIMEOUT = settings.WEBHOOK_TOTAL_TIMEOUT = 1.0
    running = []

    def make() -> Sink:
        sink = Sink(open_log(tmp_path / f"{len(running)}.jsonl"), Orders())
        context = run_in_thread(sink)
        context.__enter__()
        running.append(context)
        return sink

    yield make
    for context in running:
        context.__exit__(None, None, None)


@pytest.fixture
def sink(make_sink) -> Sink:
    return make_sink()


@pytest.fixture
def account(db) -> Account:
    return AccountFactory()


@pytest.fixture
def endpoint(account, sink) -> WebhookEndpoint:
    return WebhookEndpointFactory(account=account, url=sink.url)


def tell(account: Account, *types: str, **data: Any) -> int:
    """Something happened, of each type."""
    now = timezone.now()
    with transaction.atomic():
        return publish(events=[NewEvent(account.pk, one, now, data) for one in types])


def tell_sent(account: Account, count: int = 1) -> int:
    return tell(account, *[EventType.RECIPIENT_SENT] * count)


def make_due() -> None:
    """The pause before the next try is over."""
    past = timezone.now() - timedelta(seconds=1)
    WebhookDelivery.objects.filter(state__in=PENDING).update(due_at=past)


def deliver_to_the_end(tries: int = 12) -> None:
    for _ in range(tries):
        make_due()
        if not deliver():
            return


def payload(delivery: WebhookDelivery) -> Any:
    return orjson.loads(delivery.event.body)
