"""D8: tokens that a second brings, taken n at a time, counted in Redis for all processes."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.conf import settings

from common.limits import Limiter
from common.pacing import Wanted


@pytest.fixture
def name():
    """A bucket that no other test has."""
    return f"test:{uuid4().hex}"


@pytest.fixture(params=["shared", "alone"])
def limiter(request, tmp_path):
    """With Redis, and with the process counting for itself."""
    return Limiter(settings.REDIS_URL if request.param == "shared" else f"unix://{tmp_path}/none")


def take(limiter, name, count, rate=50):
    return limiter.take_tokens(name, {"a": Wanted(rate, count)})["a"]


def test_a_bucket_gives_what_it_has_of_what_is_wanted(limiter, name):
    first, second = take(limiter, name, 30), take(limiter, name, 30)

    assert (first.count, first.left) == (30, 20)
    assert 20 <= second.count < 30


def test_looking_takes_nothing(limiter, name):
    assert (take(limiter, name, 0).count, take(limiter, name, 0).left) == (0, 50)
    assert take(limiter, name, 50).count == 50


def test_a_second_brings_as_many_as_the_rate_and_no_more_are_kept(limiter, name):
    began = time.monotonic()
    taken = 0
    while (spent := time.monotonic() - began) < 1.2:
        taken += take(limiter, name, 1000).count
        time.sleep(0.02)

    assert taken <= 50 * (spent + 1)
    assert taken >= 50 * 1.2


def test_each_bucket_has_tokens_of_its_own_and_a_call_takes_of_many(limiter, name):
    taken = limiter.take_tokens(name, {"a": Wanted(5, 9), "b": Wanted(7, 9), "c": Wanted(9)})

    assert {key: (one.count, one.left) for key, one in taken.items()} == {
        "a": (5, 0),
        "b": (7, 0),
        "c": (0, 9),
    }


def test_many_processes_take_no_token_twice(name):
    limiters = [Limiter(settings.REDIS_URL) for _ in range(4)]
    began = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(take, one, name, 7, rate=10) for one in limiters * 15]

    taken = sum(one.result().count for one in asked)
    assert 10 <= taken <= 10 * (1 + time.monotonic() - began)
