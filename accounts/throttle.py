"""Failed tries at a door, counted in Redis, the same for all web processes."""

import hashlib
import time
from dataclasses import dataclass

from redis import Redis

from common.shared import shared_redis


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
        key = self._key(who)
        count = shared_redis().ask(lambda redis: int(redis.get(key) or 0), otherwise=0)
        return self._left_of_window() if count >= self.failures else 0

    def count(self, *who: str) -> int:
        """Note a failure; tell how many more are borne."""
        key = self._key(who)

        def count(redis: Redis) -> int:
            with redis.pipeline() as pipe:
                pipe.incr(key)
                pipe.expire(key, self.window)
                count, _ = pipe.execute()
            return int(count)

        return max(0, self.failures - shared_redis().ask(count, otherwise=0))

    def forget(self, *who: str) -> None:
        key = self._key(who)
        shared_redis().ask(lambda redis: redis.delete(key), otherwise=None)

    def _key(self, who: tuple[str, ...]) -> str:
        window = int(time.time()) // self.window
        return f"failures:{self.name}:{window}:{digest_of(*who)}"

    def _left_of_window(self) -> int:
        return self.window - int(time.time()) % self.window
