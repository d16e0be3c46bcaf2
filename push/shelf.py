"""What processes share for a while through Redis: access tokens of providers, sealed."""

import logging
from collections.abc import Callable
from math import ceil
from typing import Any, TypeVar

import orjson
from cryptography.fernet import InvalidToken
from django.core.cache import cache
from redis.exceptions import RedisError

from common.circuit import Circuit
from common.fields import field_cipher

logger = logging.getLogger(__name__)

ENTRY = "push-shelf:{}"
TURN = "push-turn:{}"

FAILURES = (RedisError, OSError)

T = TypeVar("T")


class CacheShelf:
    """When Redis is away, each process has to do with what it gets by itself."""

    def __init__(self) -> None:
        self._circuit = Circuit(lambda: cache.get(ENTRY.format("")), failures=FAILURES)

    def get(self, name: str) -> Any:
        """A JSON value; None where there is none, or none that FIELD_KEYS opens."""
        sealed = self._ask(lambda: cache.get(ENTRY.format(name)))
        try:
            return orjson.loads(field_cipher().decrypt(sealed)) if sealed else None
        except (InvalidToken, TypeError, orjson.JSONDecodeError):
            return None

    def put(self, name: str, value: Any, *, seconds: float) -> None:
        sealed = field_cipher().encrypt(orjson.dumps(value))
        self._ask(lambda: cache.set(ENTRY.format(name), sealed, timeout=ceil(seconds)))

    def take_turn(self, name: str, *, seconds: float) -> bool:
        """Of all processes one may do it, until it ends its turn or the time is over."""
        taken = self._ask(lambda: cache.add(TURN.format(name), True, timeout=ceil(seconds)))
        return taken is not False  # nobody else can be asked either

    def end_turn(self, name: str) -> None:
        self._ask(lambda: cache.delete(TURN.format(name)))

    def _ask(self, question: Callable[[], T]) -> T | None:
        """None while Redis does not answer."""
        if not self._circuit.may_ask():
            return None
        try:
            return question()
        except FAILURES as error:
            if self._circuit.open():
                logger.warning("Nothing is shared through Redis: %s", type(error).__name__)
            return None
