"""What is promised whatever crashes: 0 lost, every row final, the provider's log in the books.

Leases and timeouts are shrunk so that a takeover fits into a test; both are printed.
"""

import random
import signal
import time

import pytest
from django.utils import timezone

from campaigns.invariants import check_log, check_store
from campaigns.models import PENDING, MessageEvent, OutboundMessage
from campaigns.tasks import deliver_lane, queue_of
from tests.crowd import make_crowd
from tests.live import PYTHON, live_stack, own_valkey, stub_proxy, wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

SHRUNK = {
    "DELIVERY_LEASE": "4",
    "DELIVERY_CONNECT_TIMEOUT": "1",
    "DELIVERY_TOTAL_TIMEOUT": "1",
    "DELIVERY_CLAIM": "200",
    "DELIVERY_IN_FLIGHT": "10",
    "SWEEP_INTERVAL": "0.5",
    "SWEEP_OVERDUE": "1",
    "EGRESS_ALLOW_HTTP": "true",
    "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
}


@pytest.fixture
def stack(tmp_path, loopback_egress):
    print("\nlease 4 s, connect and total timeout 1 s, sweep each 0.5 s")
    with live_stack(tmp_path, **SHRUNK) as stack:
        yield stack


COPIES = (
    PYTHON,
    "-c",
    "import sys; from proactive_site.celery import app\n"
    "for _ in range(100):\n"
    "    app.send_task(sys.argv[1], kwargs={'lane': 'proxy'}, queue=sys.argv[2])",
)


def pending():
    return OutboundMessage.objects.filter(state__in=PENDING).count()


def send_in_calls(brand, count, *, size=100):
    """As a brand would: campaigns of 100."""
    refs = [f"c{n}" for n in range(1, count + 1)]
    return [brand.send(*refs[at : at + size]) for at in range(0, count, size)]


def assert_promise_kept(proxy, count):
    entries = proxy.entries()
    assert check_store(now=timezone.now()) == []
    assert check_log(entries) == []
    rows = OutboundMessage.objects.all()
    assert dict.fromkeys(rows.values_list("state", flat=True)) == {"sent": None}
    ledger = {(row.public_id.hex, f"token-{row.consumer_ref}") for row in rows}
    asked = {(entry["message"], entry["token"]) for entry in entries}
    assert asked == ledger
    assert len(ledger) == count
    return len(entries) - len(asked)


def test_three_killed_workers_and_a_killed_valkey_lose_nothing(tmp_path, stack):
    """D1, D5, I1-I6: 2,000 recipients, SIGKILL to the worker's whole group, Valkey without disk."""
    began = time.monotonic()
    seed = time.time_ns()
    rng = random.Random(seed)
    print(f"seed {seed}")
    # Late enough that the worker, not the sweep, is the one that is killed while it sends.
    stack.env["SWEEP_OVERDUE"] = "15"
    with stub_proxy(tmp_path, latency=0.05) as proxy, own_valkey(stack) as start_valkey:
        brand = make_crowd(2000, proxy_url=proxy.url)
        stack.start("worker", "sweep")
        send_in_calls(brand, 2000)
        for round_ in range(3):
            seen = proxy.count()
            wait_for(lambda: proxy.count() >= seen + 50, seconds=30, what="pushes")  # noqa: B023
            time.sleep(rng.uniform(0.0, 0.4))
            assert pending() > 0, "the kill has to come in mid-campaign"
            stack.kill("worker")
            if round_ == 1:
                stack.kill("valkey")
                start_valkey()
            stack.start("worker")
        wait_for(lambda: pending() == 0, seconds=40, what="every row to be final")
        repeated = assert_promise_kept(proxy, 2000)
    taken_over = MessageEvent.objects.filter(kind="worker_lost").count()
    print(f"2,000 sent, {taken_over} taken over, {repeated} repeated with the same identity")
    assert taken_over > 0
    # What was in flight, or answered and not yet recorded, in each of two children, three times.
    assert repeated <= 3 * 2 * (100 + 10)
    assert time.monotonic() - began < 60


def test_a_stopped_worker_that_wakes_up_changes_no_row_and_sends_nothing(tmp_path, stack):
    """D3: SIGSTOP beyond the lease, another takes over, SIGCONT."""
    with stub_proxy(tmp_path, latency=0.05) as proxy:
        brand = make_crowd(600, proxy_url=proxy.url)
        stack.start("worker")
        send_in_calls(brand, 600)
        wait_for(lambda: proxy.count() >= 30, seconds=20, what="pushes")
        stack.signal("worker", signal.SIGSTOP)
        assert pending() > 0
        stack.start("sweep")
        wait_for(lambda: pending() == 0, seconds=40, what="the sweep to take over")
        before = list(OutboundMessage.objects.order_by("id").values())
        asked = proxy.count()

        stack.signal("worker", signal.SIGCONT)
        time.sleep(3)

        assert proxy.count() == asked
        assert list(OutboundMessage.objects.order_by("id").values()) == before
        assert MessageEvent.objects.filter(kind="worker_lost").exists()
        assert_promise_kept(proxy, 600)


def test_a_hundred_copies_of_one_task_push_each_recipient_once(tmp_path, stack):
    """D19"""
    with stub_proxy(tmp_path) as proxy:
        brand = make_crowd(200, proxy_url=proxy.url)
        send_in_calls(brand, 200)
        stack.start("worker")
        stack.run("copies", *COPIES, deliver_lane.name, queue_of("proxy"))
        wait_for(lambda: pending() == 0, seconds=30, what="every row to be final")
        assert assert_promise_kept(proxy, 200) == 0


def test_without_any_broker_the_sweep_delivers_alone(tmp_path, stack):
    """D7: accepting and sending go on, slower."""
    stack.env |= {
        "REDIS_URL": f"unix://{tmp_path}/none",
        "CELERY_BROKER_URL": f"redis+socket://{tmp_path}/none",
    }
    with stub_proxy(tmp_path) as proxy:
        brand = make_crowd(300, proxy_url=proxy.url)
        send_in_calls(brand, 300)
        stack.start("sweep")
        wait_for(lambda: pending() == 0, seconds=30, what="every row to be final")
        assert assert_promise_kept(proxy, 300) == 0
