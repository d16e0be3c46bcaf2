"""Failed tries at a door, counted in Redis, the same for all web processes."""

import hashlib
import logging
import time
from dataclasses import dataclass

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def digest_of(*who: str) -> str:
    """A caller as a key of fixed length, whatever it called itself."""
    return hashlib.sha256("\n".join(who).encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """So many failures of one caller in a window of so many seconds, then wait for its end.

    Opens the door when Redis is away: passwords and secrets are still asked for.
    """

    name: str
    failures: int
    window: int

    def seconds_to_wait(self, *who: str) -> int:
        """How long until the next try; 0 when it may be now."""
        try:
            count = cache.get(self._key(who), 0)
        except RedisError as error:
            logger.warning("Failures at %s are not counted: %s", self.name, error)
            return 0
        return self._left_of_window() if count >= self.failures else 0

    def count(self, *who: str) -> int:
        """Note a failure; tell how many more are borne."""
        key = self._key(who)
        try:
            cache.add(key, 0, timeout=self.window)
            return max(0, self.failures - cache.incr(key))
        except (RedisError, ValueError) as error:
            logger.warning("A failure at %s was not counted: %s", self.name, error)
            return self.failures

    def forget(self, *who: str) -> None:
        try:
            cache.delete(self._key(who))
        except RedisError as error:
            logger.warning("Failures at %s were not forgotten: %s", self.name, error)

    def _key(self, who: tuple[str, ...]) -> str:
        window = int(time.time()) // self.window
        return f"failures:{self.name}:{window}:{digest_of(*who)}"

    def _left_of_window(self) -> int:
        return self.window - int(time.time()) % self.window
