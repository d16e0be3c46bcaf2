"""What an account gets of real processes: no more than its rate, whatever others have queued."""

import time
from statistics import median

import pytest

from campaigns.models import PENDING, OutboundMessage
from campaigns.tasks import wake
from push.credentials import save_credential
from tests.campaigns.conftest import make_brand
from tests.crowd import make_crowd
from tests.live import live_stack, stub_proxy, wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

LOOPBACK = {"EGRESS_ALLOW_HTTP": "true", "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8"}


def send_in_calls(brand, count, *, size=1000):
    refs = [f"c{n}" for n in range(1, count + 1)]
    for at in range(0, count, size):
        brand.send(*refs[at : at + size])


def pending(brand):
    return OutboundMessage.objects.filter(account=brand.account, state__in=PENDING).count()


def test_two_processes_together_keep_an_account_s_send_rate(tmp_path, loopback_egress):
    """D8: 20 a second, counted in Redis; the sweep sees to it that they go each second."""
    with stub_proxy(tmp_path) as proxy, live_stack(tmp_path, **LOOPBACK) as stack:
        brand = make_crowd(100, proxy_url=proxy.url)
        brand.account.messages_per_second = 20
        brand.account.save()
        brand.send(*[f"c{n}" for n in range(1, 101)])
        stack.start("worker", "sweep")
        wait_for(lambda: pending(brand) == 0, seconds=40, what="every row to be final")
        times = sorted(entry["at"] for entry in proxy.entries())

    assert len(times) == 100
    for first in range(100):
        for last in range(first + 1, 100):
            # A second's worth may be kept; the answer's way to the log is not measured.
            assert last - first + 1 <= 20 * (times[last] - times[first] + 1.5)
    took = times[-1] - times[0]
    print(f"\n100 messages at 20 a second in {took:.1f} s")
    assert took < 15


def test_a_long_queue_of_one_brand_does_not_delay_another_s_message(tmp_path, loopback_egress):
    """D9, noisy neighbour: 6,000 of A are queued, B sends one, five times."""
    with stub_proxy(tmp_path, latency=0.05) as proxy, live_stack(tmp_path, **LOOPBACK) as stack:
        crowd, single = make_crowd(6000, proxy_url=proxy.url), make_brand()
        save_credential(
            app=single.app,
            platform="android",
            provider="proxy",
            settings={"url": proxy.url, "headers": [["XBrand", "b"]]},
            by="tests",
        )
        single.consumer("bob", platform="android", token="token-bob")
        send_in_calls(crowd, 6000)
        stack.start("worker")
        wait_for(lambda: proxy.count() > 50, seconds=30, what="pushes")

        waits = []
        for n in range(5):
            began = time.time()
            single.send("bob")
            wake(["proxy"])
            wait_for(
                lambda: sum(e["token"] == "token-bob" for e in proxy.entries()) > n,  # noqa: B023
                seconds=20,
                what="B's push",
            )
            waits.append([e["at"] for e in proxy.entries() if e["token"] == "token-bob"][n] - began)
        left = pending(crowd)

    print(f"\nB waited {', '.join(f'{wait:.2f}' for wait in waits)} s; A had {left} left")
    assert left > 0
    assert median(waits) < 2
