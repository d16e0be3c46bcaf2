"""D9: providers that are slow, silent, wrong or away, beside others that work."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.utils import timezone

from campaigns.delivery import deliver
from campaigns.invariants import check_store
from campaigns.lanes import ASIDE, LANES, queue_of
from campaigns.models import MessageEvent, State
from push.models import Breaker, LabPush, ProviderKind
from tests.campaigns.conftest import deliver_all, make_brand, states
from tests.campaigns.passing import pass_time
from tests.campaigns.test_breakers import count_by_state, refs, use_proxy
from tests.common.test_transport import refusing_server
from tests.crowd import make_crowd
from tests.factories.consumers import DeviceFactory
from tests.providers.certificates import make_certificate, server_context
from tests.providers.proxy_server import ProxyServer, open_log, run_in_thread

pytestmark = pytest.mark.django_db


@contextmanager
def push_proxy(log: Path, **fields) -> Iterator[ProxyServer]:
    server = ProxyServer(log=open_log(log), **fields)
    with run_in_thread(server):
        yield server


@pytest.fixture
def proxy(tmp_path, loopback_egress):
    with push_proxy(tmp_path / "calls") as server:
        yield server


@pytest.fixture
def other(tmp_path, loopback_egress):
    with push_proxy(tmp_path / "other-calls") as server:
        yield server


def calls_of(log):
    return [orjson.loads(line) for line in log.read_bytes().splitlines()]


@contextmanager
def half_open() -> Iterator[str]:
    """Takes connections and says nothing, ever."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield f"http://127.0.0.1:{door.getsockname()[1]}/push"


def brand_at(url, *people):
    brand = make_brand()
    use_proxy(brand, url)
    for ref in people:
        brand.consumer(ref, platform="android", token=f"token-{ref}")
    return brand


def test_each_lane_has_a_queue_of_its_own():
    queues = [queue.name for queue in configured.CELERY_TASK_QUEUES]

    assert set(LANES) == {"none", *ProviderKind.values}
    assert sorted(queues) == sorted(
        ["default", "hooks", "replies", *map(queue_of, (*LANES, ASIDE))]
    )


@pytest.mark.parametrize("trouble", ["drip", "half open"])
def test_the_deadline_of_a_push_holds_and_other_providers_go_on(
    proxy, other, settings, tmp_path, trouble
):
    """D12: a byte now and then, or never one."""
    settings.DELIVERY_CONNECT_TIMEOUT, settings.DELIVERY_TOTAL_TIMEOUT = 0.5, 1.0
    with half_open() as silent:
        late = brand_at(silent if trouble == "half open" else proxy.url, "ana").send("ana")
        proxy.orders.give("token-ana", {"drip": 0.2})
        sent = brand_at(other.url, "bob").send("bob")

        began = time.monotonic()
        deliver("proxy")
        took = time.monotonic() - began

    assert states(sent.campaign) == {"bob": (State.SENT, "")}
    event = MessageEvent.objects.get(message__campaign=late.campaign, kind="push")
    assert (event.outcome, event.reason) == ("unknown", "answer_lost")
    [call] = calls_of(tmp_path / "other-calls")
    assert call["at"] < event.at.timestamp()
    # One second of patience; the rest is this machine's.
    assert took < 5


def server_tls(trouble, folder):
    authority = make_certificate("Authority")
    days = -1 if trouble == "expired" else 2
    host = "push.other.example" if trouble == "wrong host" else "127.0.0.1"
    trusted = make_certificate("Another") if trouble == "unknown authority" else authority
    (folder / "authority.pem").write_text(trusted.cert_pem)
    return server_context(
        make_certificate("Proxy", issuer=authority, days=days, hosts=(host,)), folder
    )


@pytest.mark.parametrize("trouble", ["expired", "wrong host", "unknown authority"])
def test_a_certificate_that_is_wrong_stops_its_credential_and_is_told(
    tmp_path, loopback_egress, settings, trouble
):
    """D14: it is not tried again and again; an alarm."""
    settings.EGRESS_CA_FILE = str(tmp_path / "authority.pem")
    with push_proxy(tmp_path / "calls", tls=server_tls(trouble, tmp_path)) as server:
        created = brand_at(server.url, "ana").send("ana")
        deliver_all()

    assert_certificate_refused(created)
    assert server.log.entries == 0


def test_a_provider_that_speaks_old_tls_only_is_not_met_half_way(
    tmp_path, loopback_egress, settings
):
    """D14: no downgrade."""
    settings.EGRESS_CA_FILE = str(tmp_path / "authority.pem")
    context = server_tls("old", tmp_path)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with refusing_server(context) as url:
        created = brand_at(url, "ana").send("ana")
        deliver_all()

    assert_certificate_refused(created)


def assert_certificate_refused(created):
    breaker = Breaker.objects.open().get()
    assert (breaker.reason, breaker.is_notice_due) == ("certificate_refused", True)
    assert states(created.campaign) == {"ana": (State.QUEUED, "provider_held_up")}


def test_a_slow_provider_starves_neither_its_lane_nor_another(proxy, other, settings, tmp_path):
    """D9: a batch that mixes brands of which one's server takes its time for each answer."""
    proxy.latency, settings.DELIVERY_TOTAL_TIMEOUT = 1.5, 2.0
    settings.DELIVERY_BATCH_SECONDS = 30
    slow, quick = brand_at(proxy.url), brand_at(other.url)
    for n in range(60):
        slow.consumer(f"s{n}", platform="android")
        quick.consumer(f"q{n}", platform="android")
    slow.send(*[f"s{n}" for n in range(60)])
    sent = quick.send(*[f"q{n}" for n in range(60)])
    lab = make_brand()
    lab.consumer("ana")
    in_lab = lab.send("ana")

    deliver("proxy")
    deliver("lab")

    slow_calls, quick_calls = calls_of(tmp_path / "calls"), calls_of(tmp_path / "other-calls")
    assert len(quick_calls) == 60
    # Before the first four of the slow ones were answered.
    assert quick_calls[-1]["at"] < slow_calls[4]["at"]
    assert count_by_state(sent) == {State.SENT: 60}
    assert states(in_lab.campaign) == {"ana": (State.SENT, "")}


def test_a_message_whose_devices_are_on_two_providers_goes_by_the_one_that_works(proxy, brand):
    """D9, D28: what one provider holds up is not held up at the other."""
    brand.handoff.device_choice = "all"
    brand.handoff.save()
    use_proxy(brand, proxy.url)
    proxy.credential = "Basic YTpi"
    consumer = brand.consumer("ana", platform="ios", token="iphone")
    DeviceFactory(consumer=consumer, app=brand.app, platform="android", token="android")
    brand.consumer("bob", platform="android")

    brand.send("bob")
    deliver_all()
    created = brand.send("ana")
    deliver_all()

    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert [push.device_id for push in LabPush.objects.all()] == [
        consumer.devices.get(token="iphone").pk
    ]


def test_an_outage_of_an_hour_costs_no_message_and_few_requests(proxy, other):
    """D18: five minutes in steps of five seconds, the others in longer ones; now and then somebody
    else sends, too."""
    brand, neighbour = make_crowd(200, proxy_url=proxy.url), brand_at(other.url, "bob")
    brand.send(*refs(200))
    deliver_all()
    usual = proxy.most_at_once
    proxy.is_down = True
    created = brand.send(*refs(200))
    deliver_all()
    asked, claimed = proxy.log.entries, 0

    for step, seconds in enumerate([5] * 60 + [60] * 55):
        now = pass_time(seconds)
        deliver("proxy")
        claimed += deliver("aside").claimed
        if step % 20 == 0:
            sent = neighbour.send("bob", now=now)
            deliver("proxy")
            assert states(sent.campaign) == {"bob": (State.SENT, "")}

    assert 105 <= proxy.log.entries - asked <= 115
    assert count_by_state(created) == {State.QUEUED: 200}
    # Each of them was looked at ever more rarely: not each time, at last every two minutes.
    assert claimed < 200 * 50

    proxy.is_down = False
    pass_time(5)
    deliver_all()
    call_command("sweep", once=True)
    deliver_all()
    assert count_by_state(created) == {State.SENT: 200}
    # No thundering herd: HTTP/1.1 has a call a connection.
    assert proxy.most_at_once <= 2 * usual
    assert check_store(now=timezone.now()) == []
