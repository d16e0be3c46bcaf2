"""D7: who wakes workers does not wait for a broker that is away or silent."""

import signal
import socket
import time

import pytest
from prometheus_client import REGISTRY
from redis import Redis

from campaigns import tasks as campaigns
from common.circuit import TIMEOUT
from common.wake_ups import WakeUps
from tests.live import live_stack, own_valkey, wait_for
from webhooks import tasks as webhooks

QUEUE = "of.this.test"


def send(wake_ups):
    return wake_ups.send(webhooks.deliver_hooks, queue=QUEUE)


def timed(wake_ups, times):
    took = []
    for _ in range(times):
        began = time.monotonic()
        assert not send(wake_ups)
        took.append(time.monotonic() - began)
    return took


def waiting(stack):
    """Wake-ups that a worker would find."""
    with Redis.from_url(stack.env["REDIS_URL"]) as redis:
        return redis.llen(QUEUE)


@pytest.fixture
def to_valkey(valkey):
    return WakeUps(valkey.env["CELERY_BROKER_URL"])


def test_a_broker_that_takes_connections_and_is_silent_is_waited_for_once():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(100)

        first, *others = timed(WakeUps(f"redis://127.0.0.1:{door.getsockname()[1]}/0"), 20)

    assert TIMEOUT <= first < 4 * TIMEOUT
    assert max(others) < TIMEOUT / 2


def test_a_broker_that_is_gone_is_not_waited_for(tmp_path):
    took = timed(WakeUps(f"redis+socket://{tmp_path}/none"), 5)

    assert max(took) < TIMEOUT


@pytest.mark.parametrize(
    ("tasks", "wake", "metric", "lost"),
    [
        (campaigns, lambda: campaigns.wake({"lab", "none"}), "proactive_wake_ups_lost", 2),
        (webhooks, webhooks.wake, "proactive_webhook_wake_ups_lost", 1),
    ],
)
def test_a_broker_that_is_away_loses_wake_ups_and_each_is_counted(
    tmp_path, monkeypatch, tasks, wake, metric, lost
):
    gone = WakeUps(f"redis+socket://{tmp_path}/none")
    monkeypatch.setattr(tasks, "wake_ups", lambda: gone)
    before = REGISTRY.get_sample_value(f"{metric}_total")

    wake()

    assert REGISTRY.get_sample_value(f"{metric}_total") == before + lost


def test_a_broker_that_is_stopped_loses_wake_ups_until_it_goes_on(valkey, to_valkey):
    assert send(to_valkey)
    valkey.signal("valkey", signal.SIGSTOP)

    first, *others = timed(to_valkey, 20)
    valkey.signal("valkey", signal.SIGCONT)

    assert first < 4 * TIMEOUT
    assert max(others) < TIMEOUT / 2
    wait_for(lambda: send(to_valkey), seconds=20, what="wake-ups to flow again")
    before = waiting(valkey)
    assert all(send(to_valkey) for _ in range(20))
    assert waiting(valkey) == before + 20


def test_a_broker_that_was_started_again_misses_no_wake_up(tmp_path):
    with live_stack(tmp_path) as stack, own_valkey(stack) as start:
        wake_ups = WakeUps(stack.env["CELERY_BROKER_URL"])
        assert send(wake_ups)
        stack.kill("valkey")
        start()

        assert send(wake_ups)

        assert waiting(stack) == 1
