"""I7 and D24 on real processes: a killed worker, and an endpoint that never answers."""

import time
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from campaigns.models import PENDING, OutboundMessage
from tests.crowd import make_crowd
from tests.factories.webhooks import SECRET, WebhookEndpointFactory
from tests.live import live_stack, wait_for
from tests.providers.proxy_server import Orders, ProxyServer, open_log, run_in_thread
from webhooks.events import EventType
from webhooks.models import PENDING as UNFINISHED
from webhooks.models import WebhookDelivery, WebhookEvent

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

SHRUNK = {
    "WEBHOOK_LEASE": "4",
    "WEBHOOK_CONNECT_TIMEOUT": "1",
    "WEBHOOK_TOTAL_TIMEOUT": "1",
    "SWEEP_INTERVAL": "0.5",
    "SWEEP_OVERDUE": "15",
    "EGRESS_ALLOW_HTTP": "true",
    "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
}


@pytest.fixture
def make_sink(tmp_path: Path):
    running = []

    def make(**given) -> ProxyServer:
        sink = ProxyServer(open_log(tmp_path / f"sink{len(running)}.jsonl"), Orders(), **given)
        sink.calls = type(sink.calls)(maxlen=100_000)
        context = run_in_thread(sink)
        context.__enter__()
        running.append(context)
        return sink

    yield make
    for context in running:
        context.__exit__(None, None, None)


def send_in_calls(brand, count):
    refs = [f"c{n}" for n in range(1, count + 1)]
    for at in range(0, count, 100):
        brand.send(*refs[at : at + 100])


def ids(sink):
    return [head["webhook-id"] for head, _ in sink.calls]


def test_a_worker_killed_between_call_and_record_repeats_with_the_same_id(tmp_path, make_sink):
    """I7: each event at least once, a repeat under its own id, nothing invented."""
    sink = make_sink(latency=0.05)
    brand = make_crowd(500)
    WebhookEndpointFactory(account=brand.account, url=sink.url)
    with live_stack(tmp_path, **SHRUNK) as stack:
        stack.start("worker", "sweep")
        send_in_calls(brand, 500)
        for _ in range(2):
            seen = len(sink.calls)
            wait_for(lambda: len(sink.calls) >= seen + 60, seconds=30, what="calls")  # noqa: B023
            stack.kill("worker")
            assert WebhookDelivery.objects.filter(state="sending").exists()
            stack.start("worker")
        wait_for(
            lambda: (
                not OutboundMessage.objects.filter(state__in=PENDING).exists()
                and not WebhookDelivery.objects.filter(state__in=UNFINISHED).exists()
            ),
            seconds=40,
            what="every event to be delivered",
        )

    called = ids(sink)
    stored = set(WebhookEvent.objects.values_list("public_id", flat=True))
    assert set(called) == stored
    # A recipient.sent for each, and a campaign.completed for each of five campaigns.
    assert len(stored) == 500 + 5
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"delivered"}
    repeated = len(called) - len(stored)
    print(f"\n{len(stored)} events, {repeated} repeated with the same id")
    assert 0 < repeated <= 2 * 2 * 200
    bodies: dict[str, set[bytes]] = {}
    for head, body in sink.calls:
        Webhook(SECRET).verify(body, head)
        bodies.setdefault(head["webhook-id"], set()).add(body)
    assert all(len(same) == 1 for same in bodies.values())


def test_an_endpoint_that_never_answers_holds_up_neither_campaigns_nor_other_brands(
    tmp_path, make_sink
):
    """D24: one worker with two children, 15 s of silence a call."""
    silent, quick = make_sink(latency=60.0), make_sink()
    noisy, calm = make_crowd(200), make_crowd(20)
    WebhookEndpointFactory(account=noisy.account, url=silent.url)
    WebhookEndpointFactory(account=calm.account, url=quick.url, event_types=list(EventType.values))
    env = {**SHRUNK, "WEBHOOK_LEASE": "30", "WEBHOOK_TOTAL_TIMEOUT": "15", "SWEEP_OVERDUE": "1"}
    with live_stack(tmp_path, **env) as stack:
        stack.start("worker", "sweep")
        send_in_calls(noisy, 200)
        wait_for(lambda: len(silent.calls) > 0, seconds=20, what="a call to the silent endpoint")

        began = time.monotonic()
        send_in_calls(calm, 20)
        calm_messages = OutboundMessage.objects.filter(account=calm.account)
        wait_for(
            lambda: calm_messages.filter(state="sent").count() == 20,
            seconds=10,
            what="the other brand's campaign",
        )
        sent_after = time.monotonic() - began
        wait_for(lambda: len(quick.calls) == 21, seconds=20, what="the other brand's events")
        told_after = time.monotonic() - began
    print(f"\nsent after {sent_after:.1f} s, told after {told_after:.1f} s")
    assert sent_after < 5
    noisy_messages = OutboundMessage.objects.filter(account=noisy.account)
    assert noisy_messages.filter(state="sent").count() == 200
