"""Tasks that say "look now": a broker that is away or silent loses them, and holds nobody up."""

import logging
from functools import cache
from typing import Any

from celery import Task, current_app
from kombu import Connection
from kombu.exceptions import LimitExceeded, OperationalError
from kombu.pools import connections, producers
from redis.exceptions import RedisError

from common.circuit import TIMEOUT, Circuit

logger = logging.getLogger(__name__)

# What workers wait for is another matter: they block until there is work.
PATIENCE = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
FAILURES = (OperationalError, RedisError, OSError)


class WakeUps:
    """Sends to the broker of ``url``, by default that of the Celery application."""

    def __init__(self, url: str | None = None) -> None:
        self._broker: Connection = current_app.connection_for_write(url, transport_options=PATIENCE)
        self._circuit = Circuit(self._ping, failures=FAILURES)

    def send(self, task: Task[..., Any], *, queue: str, **kwargs: Any) -> bool:
        """Whether the broker took it."""
        if not self._circuit.may_ask():
            return False
        try:
            with producers[self._broker].acquire(block=True, timeout=TIMEOUT) as producer:
                task.apply_async(kwargs=kwargs, queue=queue, producer=producer, retry=False)
        except LimitExceeded:
            # So many wait for the broker as may; they will tell.
            return False
        except FAILURES as error:
            if self._circuit.open():
                logger.warning("Wake-ups are lost: %s", type(error).__name__)
            return False
        return True

    def _ping(self) -> None:
        with connections[self._broker].acquire(block=True) as connection:
            connection.default_channel.client.ping()


@cache
def wake_ups() -> WakeUps:
    """Those of this process."""
    return WakeUps()
