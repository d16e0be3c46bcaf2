"""What is dear is worked out once for all who ask, and anew when it is old."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from common.circuit import TIMEOUT
from common.recent import RecentFacts
from common.shared import SharedRedis

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Work:
    """Takes a moment; tells how often it was done."""

    def __init__(self):
        self.times = 0
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self):
        self.times += 1
        assert self.may_end.wait(20)
        return {"time": self.times}


@pytest.fixture
def work():
    return Work()


def process(url=settings.REDIS_URL):
    return RecentFacts(SharedRedis(url), kept=MINUTE)


def test_all_processes_get_what_one_worked_out_until_it_is_old(work):
    first, other = process(), process()

    answers = [one.get("a", work, now=NOW + n * MINUTE / 3) for n, one in enumerate([first, other])]

    assert [(one.facts, one.at) for one in answers] == [({"time": 1}, NOW)] * 2
    assert first.get("b", work, now=NOW).facts == {"time": 2}
    assert other.get("a", work, now=NOW + MINUTE).facts == {"time": 3}


def test_of_a_crowd_in_several_processes_one_works_it_out(work):
    processes = [process() for _ in range(3)]
    work.may_end.clear()

    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(one.get, "a", work, now=NOW) for one in processes * 4]
        time.sleep(0.3)
        work.may_end.set()

    assert [one.result().facts for one in asked] == [{"time": 1}] * 12
    assert work.times == 1


def test_who_looked_just_before_another_ended_works_nothing_out(work):
    class Overtaken(SharedRedis):
        has_looked = False

        def ask(self, *args, **options):
            found = super().ask(*args, **options)
            if not self.has_looked:
                self.has_looked = True
                process().get("a", work, now=NOW)
            return found

    late = RecentFacts(Overtaken(settings.REDIS_URL), kept=MINUTE)

    assert late.get("a", work, now=NOW).facts == {"time": 1}
    assert work.times == 1


def test_what_could_not_be_worked_out_is_tried_by_the_next(work):
    def fail():
        raise ValueError("not now")

    with pytest.raises(ValueError, match="not now"):
        process().get("a", fail, now=NOW)

    assert process().get("a", work, now=NOW).facts == {"time": 1}


def test_a_redis_that_is_stopped_costs_each_process_one_working_out(valkey, work):
    processes = [process(valkey.env["REDIS_URL"]) for _ in range(2)]
    valkey.signal("valkey", signal.SIGSTOP)

    began = time.monotonic()
    answers = [one.get("a", work, now=NOW).facts["time"] for one in processes * 5]

    assert sorted(answers) == [1] * 5 + [2] * 5
    assert time.monotonic() - began < 2 * 4 * TIMEOUT


def test_without_redis_it_is_worked_out(tmp_path, work):
    assert process(f"unix://{tmp_path}/none").get("a", work, now=NOW).facts == {"time": 1}
