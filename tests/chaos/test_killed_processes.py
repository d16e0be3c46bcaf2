"""What is promised whatever crashes: 0 lost, every row final, the provider's log in the books.

Leases and timeouts are shrunk so that a takeover fits into a test; both are printed.
"""

import json
import os
import signal
import threading
import time
from collections import Counter

import pytest
from django.conf import settings as configured
from django.core import mail
from django.db import connection
from django.utils import timezone

from accounts.models import Role
from campaigns.invariants import check_store
from campaigns.models import Campaign, CampaignTally, MessageEvent, OutboundMessage
from campaigns.services import cancel_campaign
from campaigns.tasks import deliver_lane, queue_of
from proactive_site.celery import app as celery
from tests.chaos.big_run.phones import Phones
from tests.chaos.promise import assert_promise_kept, pending, send_in_calls
from tests.crowd import make_crowd
from tests.factories.accounts import MembershipFactory
from tests.factories.webhooks import WebhookEndpointFactory
from tests.live import PYTHON, children_of, own_valkey, stub_proxy, wait_for
from webhooks.health import disable
from webhooks.models import DisabledReason

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

COPIES = (
    PYTHON,
    "-c",
    "import sys; from proactive_site.celery import app\n"
    "for _ in range(100):\n"
    "    app.send_task(sys.argv[1], kwargs={'lane': 'proxy'}, queue=sys.argv[2])",
)

# So late that the sweep does not take what a worker that is starting will do.
BY_THE_WORKER = {"SWEEP_OVERDUE": "15"}


def test_a_stopped_worker_that_wakes_up_changes_no_row_and_sends_nothing(tmp_path, stack):
    """D3: SIGSTOP beyond the lease, another takes over, SIGCONT. Each of the two children looks at
    the clock right before it writes; one request each may be between the two."""
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

        print(f"\n{proxy.count() - asked} pushes of the worker that woke up")
        assert proxy.count() - asked <= 2
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


def test_a_killed_child_of_a_worker_loses_nothing_of_the_batch_that_it_had(tmp_path, stack):
    """D2: what the kernel does to a child that takes too much memory; the worker goes on."""
    stack.env |= BY_THE_WORKER
    with stub_proxy(tmp_path, latency=0.05) as proxy:
        brand = make_crowd(600, proxy_url=proxy.url)
        stack.start("worker", "sweep")
        send_in_calls(brand, 600)
        wait_for(lambda: proxy.count() >= 50, seconds=20, what="pushes")
        children = children_of(stack.running["worker"].pid)
        assert pending() > 0

        for child in children:
            os.kill(child, signal.SIGKILL)

        wait_for(lambda: pending() == 0, seconds=40, what="every row to be final")
        assert stack.running["worker"].poll() is None
        # Of each child what was in flight, or answered and not yet recorded.
        assert assert_promise_kept(proxy, 600) <= len(children) * (100 + 10)


def test_workers_replaced_again_and_again_push_nobody_twice(tmp_path, stack):
    """D4, a deployment: SIGTERM, the next one starts beside the one that ends."""
    stack.env |= BY_THE_WORKER
    with stub_proxy(tmp_path, latency=0.2) as proxy, own_valkey(stack):
        brand = make_crowd(500, proxy_url=proxy.url)
        stack.start("worker", "sweep")
        send_in_calls(brand, 500)
        for round_ in range(2):
            seen = proxy.count()
            wait_for(lambda: proxy.count() >= seen + 20, seconds=30, what="pushes")  # noqa: B023
            old = stack.running.pop("worker")
            os.kill(old.pid, signal.SIGTERM)
            stack.start("worker")
            assert old.wait(20) == 0, f"round {round_}"
        wait_for(lambda: pending() == 0, seconds=40, what="every row to be final")
        assert assert_promise_kept(proxy, 500) == 0
    assert not MessageEvent.objects.filter(kind="worker_lost").exists()


def test_push_whose_answer_was_lost_is_repeated_once_and_stands_once_on_the_phone(tmp_path, stack):
    """D13, I3: the connection is reset after the request was read."""
    orders = tmp_path / "orders.json"
    orders.write_text(json.dumps({f"token-c{n}": [{"reset": True}] for n in range(1, 21)}))
    with stub_proxy(tmp_path, behaviour=orders) as proxy:
        brand = make_crowd(60, proxy_url=proxy.url)
        send_in_calls(brand, 60)
        stack.start("sweep")
        wait_for(lambda: pending() == 0, seconds=40, what="every row to be final")
        assert assert_promise_kept(proxy, 60) == 20
        phones = Phones()
        phones.read(proxy.entries())
    assert (phones.extra_calls, phones.lost_answers, phones.shown_twice) == (20, 20, 0)
    assert MessageEvent.objects.filter(kind="push", outcome="unknown").count() == 20


def test_campaign_cancelled_in_mid_air_ends_with_exact_numbers(tmp_path, stack):
    """D26, A12, I5: what was checked before goes out, nothing else does."""
    with stub_proxy(tmp_path, latency=0.05) as proxy:
        brand = make_crowd(1000, proxy_url=proxy.url)
        campaign = brand.send(*[f"c{n}" for n in range(1, 1001)]).campaign
        stack.start("worker")
        wait_for(lambda: proxy.count() >= 300, seconds=30, what="pushes")

        done = cancel_campaign(campaign=campaign, by="anna", now=timezone.now())
        pushed = proxy.count()
        stack.start("sweep")

        wait_for(lambda: pending() == 0, seconds=40, what="every row to be final")
        states = Counter(OutboundMessage.objects.values_list("state", flat=True))
        # Two children may each have checked a slice of at most 100 before the cancel.
        assert proxy.count() - pushed <= 2 * (100 + 10)
        assert states == {"sent": proxy.count(), "cancelled": 1000 - proxy.count()}
        assert done.cancelled + done.in_flight + pushed >= 1000
        assert states["cancelled"] >= done.cancelled > 0
        assert check_store(now=timezone.now()) == []


@pytest.fixture
def two_tasks_of_beat():
    """Run a task of beat's schedule twice, side by side."""

    celery.loader.import_default_modules()

    def run(name):
        task = celery.tasks[configured.CELERY_BEAT_SCHEDULE[name]["task"]]
        side_by_side, errors = threading.Barrier(2), []

        def beat():
            try:
                side_by_side.wait(10)
                task()
            except Exception as error:
                errors.append(error)
            finally:
                connection.close()

        beats = [threading.Thread(target=beat) for _ in range(2)]
        for thread in beats:
            thread.start()
        for thread in beats:
            thread.join(30)
        return errors

    return run


@pytest.mark.parametrize("name", sorted(configured.CELERY_BEAT_SCHEDULE))
def test_two_beats_do_nothing_twice(name, two_tasks_of_beat, settings):
    """D20: counts stay, and a notice is mailed once."""
    settings.HAS_EMAIL = True
    brand = make_crowd(60)
    for _ in range(2):
        send_in_calls(brand, 60, size=60)
    for campaign in Campaign.objects.all():
        add_many_tallies(campaign)
    before = CampaignTally.objects.totals()
    membership = MembershipFactory(account=brand.account, role=Role.ADMINISTRATOR)
    disable(
        endpoint=WebhookEndpointFactory(account=brand.account),
        reason=DisabledReason.GONE,
        by="tests",
        now=timezone.now(),
    )

    errors = two_tasks_of_beat(name)

    assert errors == []
    assert CampaignTally.objects.totals() == before
    assert [m.to for m in mail.outbox] == [[membership.user.email]] * (name == "webhook-notices")
    assert check_store(now=timezone.now()) == []


def add_many_tallies(campaign):
    """More deltas than a fold leaves alone, which come to nothing together."""
    CampaignTally.objects.bulk_create(
        CampaignTally(
            account_id=campaign.account_id,
            campaign=campaign,
            handoff_id=campaign.handoff_id,
            skill_id=campaign.skill_id,
            day=timezone.now().date(),
            state="sent",
            n=n,
        )
        for n in [1, -1] * 60
    )


def test_without_beat_a_campaign_is_sent_and_finished(tmp_path, stack):
    """D20: beat triggers no delivery."""
    with stub_proxy(tmp_path) as proxy:
        brand = make_crowd(100, proxy_url=proxy.url)
        stack.start("worker", "sweep")
        send_in_calls(brand, 100)
        wait_for(lambda: pending() == 0, seconds=30, what="every row to be final")
        assert assert_promise_kept(proxy, 100) == 0
