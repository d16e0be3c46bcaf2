"""Hints reach who follows, in this process and from another; a Redis that is away only delays."""

import subprocess
import sys
import time

import pytest

from common.live import Following, Listener, channel, follow, tell
from common.shared import shared_redis


def test_a_hint_reaches_who_follows_its_topic():
    with follow("consumer:1") as mine, follow("consumer:2") as other:
        tell(["consumer:1", "account:9"], kind="changed", skill=3)
        assert mine.wait(5) == [{"kind": "changed", "skill": 3}]
        assert other.wait(0.05) == []


def test_a_reader_of_two_topics_gets_a_hint_of_both_once():
    with follow("consumer:1", "account:9") as following:
        tell(["consumer:1", "account:9"], kind="changed")
        assert following.wait(5) == [{"kind": "changed"}]
        assert following.wait(0.05) == []


def test_a_hint_crosses_processes():
    code = "from common.live import tell; tell(['consumer:7'], kind='changed')"
    with follow("consumer:7") as following:
        subprocess.run([sys.executable, "-c", code], check=True)
        assert following.wait(5) == [{"kind": "changed"}]


def test_installations_that_share_a_redis_hear_nothing_of_each_other(settings):
    listener = Listener(f"{settings.REDIS_URL.partition('?')[0]}?db=15")
    with listener.follow(["consumer:7"]) as theirs, follow("consumer:7") as ours:
        tell(["consumer:7"], kind="changed")
        assert ours.wait(5) == [{"kind": "changed"}]
        assert theirs.wait(0.2) == []
        assert listener.is_connected


@pytest.mark.parametrize("message", ["no JSON", "[]", '{"topics": [[]], "what": {}}', "{}"])
def test_a_hint_that_cannot_be_read_keeps_no_later_one_away(message):
    with follow("consumer:1") as following:
        shared_redis().ask(lambda redis: redis.publish(channel(redis), message), otherwise=None)
        tell(["consumer:1"], kind="changed")
        assert following.wait(5) == [{"kind": "changed"}]


def test_nobody_is_told_after_leaving():
    with follow("consumer:3") as following:
        pass
    tell(["consumer:3"], kind="changed")
    assert following.wait(0.1) == []


def test_a_reader_that_is_slow_keeps_the_newest_hints():
    following = Following()
    for number in range(1000):
        following.add({"number": number})
    hints = following.wait(0)
    assert (len(hints), hints[-1]) == (200, {"number": 999})


def test_a_redis_that_is_away_holds_nobody_up(tmp_path):
    listener = Listener(f"unix://{tmp_path}/nobody")
    began = time.monotonic()
    with listener.follow(["consumer:1"]) as following:
        assert following.wait(0.1) == []
        assert not listener.is_connected
    assert time.monotonic() - began < 3
