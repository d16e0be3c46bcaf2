"""Hints between processes: something has changed, look now. They travel by Redis and may be lost.

Whoever follows subscribes before it reads, and reads again by itself now and then, so that a lost
hint only delays. One thread of a process listens for all who follow there.
"""

import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.conf import settings
from redis import Redis

from common.shared import FAILURES, shared_redis

logger = logging.getLogger(__name__)

# Redis takes what is published to all of its databases; two installations may share one.
CHANNEL = "live:{}"
# What a listener is let wait for the next hint, before it asks whether Redis is still there.
SILENCE = 5.0
RETRY_SECONDS = 1.0
# Of hints that nobody took yet; beyond it the oldest go, as a reader looks at everything anyway.
MOST_HINTS = 200

Hint = Mapping[str, Any]


def tell(topics: Iterable[str], **what: Any) -> None:
    """Tell whoever follows one of the topics, in all processes. ``what`` is JSON."""
    message = json.dumps({"topics": list(topics), "what": what})
    shared_redis().ask(lambda redis: redis.publish(channel(redis), message), otherwise=None)


def channel(redis: Redis) -> str:
    """That of the installation: of its database."""
    return CHANNEL.format(redis.get_connection_kwargs().get("db") or 0)


class Following:
    """What one reader has been told and has not taken yet."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._hints: list[Hint] = []

    def wait(self, timeout: float) -> list[Hint]:
        """The hints since the last call; empty when there was none for ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._hints, timeout)
            hints, self._hints = self._hints, []
            return hints

    def add(self, hint: Hint) -> None:
        with self._changed:
            self._hints = [*self._hints[1 - MOST_HINTS :], hint]
            self._changed.notify()


class Listener:
    """Takes the hints of the Redis of ``url`` to those who follow in this process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._followers: dict[str, set[Following]] = defaultdict(set)
        self._is_listening = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_connected(self) -> bool:
        """Whether hints arrive; while they do not, readers have to look more often."""
        return self._is_listening.is_set()

    @contextmanager
    def follow(self, topics: Iterable[str]) -> Iterator[Following]:
        following, followed = Following(), list(topics)
        with self._lock:
            self._start()
            for topic in followed:
                self._followers[topic].add(following)
        # The first reader waits for the subscription, so that nothing falls between it and a read.
        self._is_listening.wait(RETRY_SECONDS)
        try:
            yield following
        finally:
            with self._lock:
                for topic in followed:
                    self._followers[topic].discard(following)
                    if not self._followers[topic]:
                        del self._followers[topic]

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._listen, name="live", daemon=True)
            self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                self._listen_once()
            except FAILURES as error:
                if self.is_connected:
                    logger.warning("Live views get no hints: %s", type(error).__name__)
            self._is_listening.clear()
            time.sleep(RETRY_SECONDS)

    def _listen_once(self) -> None:
        with (
            Redis.from_url(self._url, socket_connect_timeout=RETRY_SECONDS) as redis,
            redis.pubsub() as subscription,
        ):
            subscription.subscribe(channel(redis))
            asked = False
            while True:
                message = subscription.get_message(timeout=SILENCE)
                if message is None:
                    if asked:
                        raise ConnectionError("Redis did not answer.")
                    subscription.ping()
                    asked = True
                    continue
                asked = False
                if message["type"] == "subscribe":
                    self._is_listening.set()
                elif message["type"] == "message":
                    self._take(message["data"])

    def _take(self, message: bytes) -> None:
        """What another release tells in a way of its own is as good as lost; the next is not."""
        try:
            self._hand_out(json.loads(message))
        except (ValueError, LookupError, TypeError) as error:
            logger.warning("A hint could not be read: %s", type(error).__name__)

    def _hand_out(self, told: Mapping[str, Any]) -> None:
        with self._lock:
            readers = {
                reader for topic in told["topics"] for reader in self._followers.get(topic, ())
            }
        for reader in readers:
            reader.add(told["what"])


@cache
def listener() -> Listener:
    """That of this process."""
    return Listener(settings.REDIS_URL)


@contextmanager
def follow(*topics: str) -> Iterator[Following]:
    """Be told of these topics from now on."""
    with listener().follow(topics) as following:
        yield following
