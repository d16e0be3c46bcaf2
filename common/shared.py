"""What processes share in Redis: one that is away is not asked, and nobody waits for it."""

import logging
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import RedisError
from redis.retry import Retry

from common.circuit import TIMEOUT, Circuit

logger = logging.getLogger(__name__)

# More than the threads of a web process (WEB_THREADS).
MAX_CONNECTIONS = 2_000
FAILURES = (RedisError, OSError)

T = TypeVar("T")


def connect(url: str) -> Redis:
    """For what is asked while somebody waits for an answer."""
    return Redis.from_url(
        url,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        # A kept connection may have died with the last Redis; a silent one is not asked twice.
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisGone,)),
        max_connections=MAX_CONNECTIONS,
    )


class SharedRedis:
    """The Redis of ``url``; who asks says what holds while it is away."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url)
        self._circuit = Circuit(self._redis.ping, failures=FAILURES)

    def ask(self, question: Callable[[Redis], T], *, otherwise: T) -> T:
        if self._circuit.may_ask():
            try:
                return question(self._redis)
            except FAILURES as error:
                if self._circuit.open():
                    logger.warning("Nothing is shared by processes: %s", type(error).__name__)
        return otherwise


@cache
def shared_redis() -> SharedRedis:
    """That of this process."""
    return SharedRedis(settings.REDIS_URL)
