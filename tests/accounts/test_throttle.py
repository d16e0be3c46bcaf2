"""Failed tries are counted for all processes; a Redis that is away holds up nobody at a door."""

import signal
import time

import pytest

from accounts import throttle
from accounts.throttle import FailureLimit
from common.circuit import TIMEOUT
from common.shared import SharedRedis
from tests.accounts.test_tokens import pair, standard
from tests.common.conftest import valkey  # noqa: F401 -- a fixture
from tests.factories.accounts import ApiClientFactory
from tests.live import wait_for

LIMIT = FailureLimit("door", failures=2, window=3600)


@pytest.fixture
def redis(valkey, monkeypatch):  # noqa: F811 -- the fixture
    """One that the test can stop; failures are counted there."""
    shared = SharedRedis(valkey.env["REDIS_URL"])
    monkeypatch.setattr(throttle, "shared_redis", lambda: shared)
    return valkey


def timed(ask):
    began = time.monotonic()
    ask()
    return time.monotonic() - began


def test_a_caller_who_failed_too_often_waits_for_the_end_of_the_window():
    assert [LIMIT.count("ana", "1.2.3.4") for _ in range(3)] == [1, 0, 0]

    assert 0 < LIMIT.seconds_to_wait("ana", "1.2.3.4") <= 3600
    assert LIMIT.seconds_to_wait("bo", "1.2.3.4") == 0


def test_a_success_forgets_the_failures():
    LIMIT.count("ana")
    LIMIT.count("ana")

    LIMIT.forget("ana")

    assert LIMIT.seconds_to_wait("ana") == 0


def test_a_redis_that_is_stopped_is_waited_for_once_and_opens_the_door(redis):
    LIMIT.count("ana")
    LIMIT.count("ana")
    redis.signal("valkey", signal.SIGSTOP)

    first = timed(lambda: LIMIT.seconds_to_wait("ana"))
    asked = [lambda: LIMIT.seconds_to_wait("ana"), lambda: LIMIT.count("ana")]
    others = [timed(ask) for ask in [*asked, lambda: LIMIT.forget("ana")] * 7]
    assert LIMIT.seconds_to_wait("ana") == 0
    redis.signal("valkey", signal.SIGCONT)

    assert first < 4 * TIMEOUT
    assert max(others) < TIMEOUT / 2
    wait_for(lambda: LIMIT.seconds_to_wait("ana"), seconds=20, what="the failures to count again")


@pytest.mark.django_db
def test_tokens_are_given_while_redis_is_stopped(client, redis):
    known = ApiClientFactory()
    form = f"grant_type=client_credentials&{pair(known)}"
    standard(client, form)
    redis.signal("valkey", signal.SIGSTOP)

    began = time.monotonic()
    answers = [standard(client, form) for _ in range(10)]

    assert [answer.status_code for answer in answers] == [200] * 10
    assert time.monotonic() - began < 10 * TIMEOUT
