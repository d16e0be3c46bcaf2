"""D9: what waits for a slow provider waits apart, and takes no worker from the others."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Event

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from campaigns import tasks
from campaigns.delivery import deliver
from campaigns.management.commands import sweep
from campaigns.models import Heartbeat, OutboundMessage, State
from push import judging
from push.models import Breaker
from tests.campaigns.test_breakers import bring_down, count_by_state, refs, use_proxy
from tests.crowd import make_crowd
from tests.providers.proxy_server import ProxyServer, open_log, run_in_thread

pytestmark = pytest.mark.django_db


@pytest.fixture
def proxy(tmp_path, loopback_egress):
    server = ProxyServer(log=open_log(tmp_path / "calls.jsonl"))
    with run_in_thread(server):
        yield server


@pytest.fixture
def slow(proxy, monkeypatch):
    """A brand whose push proxy has been slow: a fifth of a second counts as that here."""
    monkeypatch.setattr(judging, "SLOW_SECONDS", 0.2)
    brand = make_crowd(20, proxy_url=proxy.url)
    proxy.latency = 0.25
    brand.send("c1")
    deliver("proxy")
    assert Breaker.objects.get(credential__isnull=False).slow_until is not None
    return brand


@pytest.fixture
def sent_wake_ups(monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.deliver_lane, "apply_async", lambda **given: sent.append(given))
    return sent


def lanes(created):
    rows = OutboundMessage.objects.filter(campaign=created.campaign)
    return set(rows.values_list("lane", flat=True))


def test_messages_to_a_slow_provider_are_put_aside_and_sent_from_there(slow, proxy):
    created = slow.send("c2", "c3")
    asked = proxy.log.entries

    assert deliver("proxy").lanes == {"aside"}
    assert (lanes(created), proxy.log.entries) == ({"aside"}, asked)
    deliver("aside")

    assert count_by_state(created) == {State.SENT: 2}


def test_a_provider_that_is_quick_again_gets_its_messages_from_the_workers(slow, proxy):
    proxy.latency = 0.0
    slow.send("c2")
    deliver("proxy")
    deliver("aside")

    created = slow.send("c3")
    deliver("proxy")

    assert count_by_state(created) == {State.SENT: 1}
    assert lanes(created) == {"proxy"}


def test_what_is_aside_when_its_provider_is_quick_again_goes_back_to_its_lane(slow):
    created = slow.send("c2")
    deliver("proxy")
    Breaker.objects.update(slow_until=None)

    assert deliver("aside").lanes == {"proxy"}
    assert lanes(created) == {"proxy"}


def test_after_a_while_a_slow_provider_is_tried_by_a_worker_again(slow):
    Breaker.objects.update(slow_until=timezone.now())
    created = slow.send("c2")

    deliver("proxy")

    assert count_by_state(created) == {State.SENT: 1}


def test_a_provider_that_is_held_up_is_tried_from_aside_alone(proxy):
    brand = make_crowd(30, proxy_url=proxy.url)
    bring_down(brand, proxy)
    created, asked = brand.send("c21"), proxy.log.entries
    Breaker.objects.update(probe_at=timezone.now())

    deliver("proxy")
    assert (lanes(created), proxy.log.entries) == ({"aside"}, asked)
    deliver("aside")

    assert proxy.log.entries == asked + 1


def test_the_sweep_delivers_what_is_aside(slow):
    created = slow.send("c2")
    deliver("proxy")

    call_command("sweep", once=True)

    assert count_by_state(created) == {State.SENT: 1}


def test_what_the_sweep_puts_aside_holds_up_none_of_its_other_work(slow, proxy, settings):
    """Without workers: another thread of the sweep tries what is aside."""
    settings.SWEEP_OVERDUE = 0
    created, asked = slow.send("c2"), proxy.log.entries

    sweep._deliver_campaigns(Event())

    assert (lanes(created), proxy.log.entries) == ({"aside"}, asked)


def test_workers_are_woken_for_what_is_aside_only_where_no_sweep_is(sent_wake_ups):
    Heartbeat.beat("sweep", timezone.now())
    tasks.wake(["aside", "lab"])
    assert [one["queue"] for one in sent_wake_ups] == ["deliver.lab"]

    Heartbeat.beat("sweep", timezone.now() - timedelta(seconds=31))
    tasks.wake(["aside"])
    assert [one["queue"] for one in sent_wake_ups] == ["deliver.lab", "deliver.aside"]


def test_of_a_worker_s_children_one_at_a_time_delivers_what_is_aside(slow, sent_wake_ups):
    created = slow.send("c2")
    deliver("proxy")
    busy = tasks.BUSY.format(tasks.socket.gethostname(), tasks.os.getppid())
    cache.add(busy, True)

    tasks.deliver_lane(lane="aside")
    assert count_by_state(created) == {State.QUEUED: 1}

    cache.delete(busy)
    tasks.deliver_lane(lane="aside")
    assert count_by_state(created) == {State.SENT: 1}
    assert cache.get(busy) is None


def test_a_batch_ends_after_its_time_and_the_rest_is_due_at_once(proxy, settings):
    """D9: what came meanwhile has its turn."""
    settings.DELIVERY_BATCH_SECONDS = 0.3
    brand = make_crowd(300, proxy_url=proxy.url)
    proxy.latency = 0.1
    created = brand.send(*refs(300))

    done = deliver("proxy")

    assert done.claimed == 300
    assert 0 < done.done < 300
    waiting = OutboundMessage.objects.filter(campaign=created.campaign, state=State.QUEUED)
    assert waiting.count() == 300 - done.done
    assert set(waiting.values_list("attempts", "reason")) == {(0, "")}
    assert not waiting.filter(due_at__gt=timezone.now() + timedelta(seconds=2)).exists()


def test_accounts_take_turns_in_a_batch(proxy):
    """D9: one message of each before the second of any."""
    crowd, single = make_crowd(50, proxy_url=proxy.url), make_crowd(1, proxy_url=proxy.url)
    crowd.send(*refs(50))
    single.send("c1")
    single_id = str(OutboundMessage.objects.get(account=single.account).public_id.hex)

    deliver("proxy")

    asked = [head["webhook-id"] for head, _ in proxy.calls]
    assert asked.index(single_id) < 10


@pytest.mark.django_db(transaction=True)
def test_who_is_not_held_up_does_not_wait_until_the_others_are_written_down(proxy, tmp_path):
    down, works = make_crowd(40, proxy_url=proxy.url), make_crowd(1, proxy_url=proxy.url)
    bring_down(down, proxy)
    held, seen = down.send(*refs(40)[20:]), []

    def look():
        with closing(connection):
            seen.append(count_by_state(held))

    def note():
        with ThreadPoolExecutor(1) as other_thread:
            other_thread.submit(look).result()
        return {}

    quick = ProxyServer(log=open_log(tmp_path / "quick.jsonl"), trouble=note)
    with run_in_thread(quick):
        use_proxy(works, quick.url)
        works.send("c1")
        deliver("proxy")

    assert seen == [{State.SENDING: 20}]
    assert count_by_state(held) == {State.QUEUED: 20}


def test_what_is_held_up_is_not_looked_at_again_and_again(proxy):
    brand = make_crowd(30, proxy_url=proxy.url)
    bring_down(brand, proxy)
    held = brand.send(*refs(30)[20:])
    deliver("proxy")

    rows = OutboundMessage.objects.filter(campaign=held.campaign).order_by("due_at")
    probe_at = Breaker.objects.open().get().probe_at
    assert [row.due_at - probe_at >= timedelta(seconds=15) for row in rows] == [False] + [True] * 9
