"""A4: counted in Redis for all processes; each for itself when Redis is away."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.conf import settings
from prometheus_client import REGISTRY

from common.circuit import TIMEOUT
from common.limits import DAY, Limiter, Policy, as_header
from tests.live import wait_for

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAILY = Policy("daily", 100, DAY, unit="recipients")


def fallbacks():
    return REGISTRY.get_sample_value("proactive_limiter_fallbacks_total")


@pytest.fixture
def shared():
    return Limiter(settings.REDIS_URL)


@pytest.fixture
def alone(tmp_path):
    """A limiter whose Redis is gone."""
    return Limiter(f"unix://{tmp_path}/none")


def test_headers_are_those_of_the_draft():
    """draft-ietf-httpapi-ratelimit-headers-10"""
    assert as_header([Policy("sending", 10), DAILY]) == (
        '"sending";q=10;w=1, "daily";q=100;w=86400;qu="recipients"'
    )


def test_a_request_too_many_is_refused_and_told_when_to_come_back(shared):
    policy = Policy("sending", 3)

    standings = [shared.take_request(policy, "7") for _ in range(4)]

    assert [one.is_allowed for one in standings] == [True, True, True, False]
    assert [one.remaining for one in standings] == [2, 1, 0, 0]
    assert as_header([standings[-1]]) == '"sending";r=0;t=1'


def test_a_refused_request_takes_nothing(shared):
    """After a second of knocking the door opens at once."""
    policy, began = Policy("sending", 1), time.monotonic()
    assert shared.take_request(policy, "7").is_allowed

    while not shared.take_request(policy, "7").is_allowed:
        time.sleep(0.01)

    assert 0.99 <= time.monotonic() - began < 1.5


def test_each_account_and_each_api_has_a_limit_of_its_own(shared):
    policy = Policy("sending", 1)
    assert shared.take_request(policy, "7").is_allowed

    assert not shared.take_request(policy, "7").is_allowed
    assert shared.take_request(policy, "8").is_allowed
    assert shared.take_request(Policy("status", 1), "7").is_allowed


def test_the_count_is_one_for_all_limiters(shared):
    policy, other = Policy("sending", 10), Limiter(settings.REDIS_URL)

    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(one.take_request, policy, "7") for one in (shared, other) * 30]

    assert sum(one.result().is_allowed for one in asked) == 10


@pytest.mark.parametrize("kind", ["shared", "alone"])
def test_a_day_s_recipients_are_taken_whole_or_not_at_all(request, kind):
    limiter = request.getfixturevalue(kind)

    first = limiter.take_amount(DAILY, 60, "7", now=NOON)
    refused = limiter.take_amount(DAILY, 41, "7", now=NOON)
    rest = limiter.take_amount(DAILY, 40, "7", now=NOON)

    assert [(one.is_allowed, one.remaining) for one in (first, refused, rest)] == [
        (True, 40),
        (False, 40),
        (True, 0),
    ]
    assert refused.wait == DAY / 2
    assert limiter.take_amount(DAILY, 100, "8", now=NOON).is_allowed


@pytest.mark.parametrize("kind", ["shared", "alone"])
def test_a_day_s_recipients_are_given_back(request, kind):
    limiter = request.getfixturevalue(kind)
    limiter.take_amount(DAILY, 100, "7", now=NOON)

    limiter.take_amount(DAILY, -30, "7", now=NOON)

    assert not limiter.take_amount(DAILY, 31, "7", now=NOON).is_allowed
    assert limiter.take_amount(DAILY, 30, "7", now=NOON).is_allowed


@pytest.mark.parametrize("kind", ["shared", "alone"])
def test_giving_back_more_than_was_taken_makes_no_credit(request, kind):
    limiter = request.getfixturevalue(kind)

    limiter.take_amount(DAILY, -30, "7", now=NOON)

    assert not limiter.take_amount(DAILY, 101, "7", now=NOON).is_allowed


@pytest.mark.parametrize("kind", ["shared", "alone"])
def test_a_day_ends_at_midnight_utc(request, kind):
    limiter = request.getfixturevalue(kind)
    limiter.take_amount(DAILY, 100, "7", now=NOON)

    last = limiter.take_amount(DAILY, 1, "7", now=NOON.replace(hour=23, minute=59, second=59))
    next_day = limiter.take_amount(DAILY, 100, "7", now=NOON.replace(day=2, hour=0))

    assert (last.is_allowed, last.wait) == (False, 1)
    assert next_day.is_allowed


def test_a_day_s_recipients_are_never_taken_twice_at_once(shared):
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(shared.take_amount, DAILY, 7, "7", now=NOON) for _ in range(60)]

    assert sum(one.result().is_allowed for one in asked) == 100 // 7


def test_without_redis_the_process_counts_alone_and_says_so(alone):
    policy, before = Policy("sending", 2), fallbacks()

    allowed = [alone.take_request(policy, "7").is_allowed for _ in range(3)]

    assert allowed == [True, True, False]
    assert fallbacks() - before == 3


def test_a_redis_that_is_silent_is_waited_for_once(silent_redis):
    limiter, policy = Limiter(f"unix://{silent_redis}"), Policy("sending", 100)

    took = []
    for _ in range(20):
        began = time.monotonic()
        assert limiter.take_request(policy, "7").is_allowed
        took.append(time.monotonic() - began)

    assert took[0] < 4 * TIMEOUT
    assert max(took[1:]) < TIMEOUT / 2


def test_threads_that_met_a_silent_redis_together_wait_once(silent_redis):
    limiter, policy = Limiter(f"unix://{silent_redis}"), Policy("sending", 1000)
    gate = threading.Barrier(20)

    def ask(_):
        gate.wait()
        return [limiter.take_request(policy, "7").is_allowed for _ in range(10)]

    began = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        assert all(all(answers) for answers in pool.map(ask, range(20)))
    assert time.monotonic() - began < 6 * TIMEOUT


def test_when_redis_is_back_it_counts_again(valkey):
    """The process' own count is forgotten; the shared one still holds."""
    limiter, policy = Limiter(valkey.env["REDIS_URL"]), Policy("sending", 1, 60)
    assert limiter.take_request(policy, "7").is_allowed
    valkey.signal("valkey", signal.SIGSTOP)
    assert limiter.take_request(policy, "7").is_allowed
    assert not limiter.take_request(policy, "7").is_allowed
    valkey.signal("valkey", signal.SIGCONT)

    wait_for(lambda: counts_there(limiter), seconds=20, what="Redis to be asked again")

    assert not limiter.take_request(policy, "7").is_allowed
    valkey.signal("valkey", signal.SIGSTOP)
    assert limiter.take_request(policy, "7").is_allowed


def counts_there(limiter):
    before = fallbacks()
    limiter.take_request(Policy("sending", 1000), "8")
    return fallbacks() == before
