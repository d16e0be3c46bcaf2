"""One service account's access token: kept in the process, shared with others, renewed early."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

from push.providers.base import CannotStart, Outcome
from push.providers.google_token import LONGEST_LIFE, TIMEOUTS, ServiceAccount, TokenEndpoint

EARLY = 600.0
"""Seconds before a token's end from which on a new one is asked for."""

RESERVE = 30.0
"""Seconds that a token must last when it is given out: longer than a call waits and takes."""

FRESH = 60.0
"""Seconds for which a token counts as fresh. Another one would not be taken either."""

PATIENCE = TIMEOUTS.total + 0.5
"""Seconds to wait for the process whose turn it is to ask. Its turn lasts longer."""

TURN = TIMEOUTS.total + 2.0
LOOK = 0.05
AFTER_FAILURE = 5.0
AFTER_EARLY_FAILURE = 30.0


@dataclass(frozen=True, slots=True)
class AccessToken:
    """`issued_at` and `ends_at` by this process's clock; `headers` are those of each call that it
    signs."""

    value: str = field(repr=False)
    issued_at: float
    ends_at: float
    headers: tuple[tuple[str, str], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        signed = ("Authorization", f"Bearer {self.value}")
        object.__setattr__(self, "headers", (signed, ("Content-Type", "application/json")))


class Shelf(Protocol):
    """Where processes put what they share. It may be empty at any time, and never raises."""

    def get(self, name: str) -> Any:
        """A JSON value, or None."""

    def put(self, name: str, value: Any, *, seconds: float) -> None: ...

    def take_turn(self, name: str, *, seconds: float) -> bool:
        """Of all processes one may do it, until it ends its turn or the time is over."""
        ...

    def end_turn(self, name: str) -> None: ...


class NoShelf:
    """For a process that is alone."""

    def get(self, name: str) -> Any:
        return None

    def put(self, name: str, value: Any, *, seconds: float) -> None:
        return None

    def take_turn(self, name: str, *, seconds: float) -> bool:
        return True

    def end_turn(self, name: str) -> None:
        return None


class TokenSource:
    """`name` is the token's on the shelf. `clock` measures inside this process and never jumps;
    `wall` is the one that processes have in common."""

    def __init__(
        self,
        name: str,
        account: ServiceAccount,
        endpoint: TokenEndpoint,
        shelf: Shelf,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._account = account
        self._endpoint = endpoint
        self._shelf = shelf
        self._clock = clock
        self._wall = wall
        self._lock = Lock()
        self._token: AccessToken | None = None
        self._refused = ""
        self._hindrance = _another_asks()
        self._asks_again_at = 0.0

    def get(self) -> AccessToken:
        """:raises CannotStart: there is none to be had now."""
        token, now = self._token, self._clock()
        if token is not None and now < token.ends_at - EARLY:
            return token
        usable = token if token is not None and now < token.ends_at - RESERVE else None
        if usable is not None and now < self._asks_again_at:
            return usable
        if not self._lock.acquire(blocking=usable is None):
            assert usable is not None
            return usable
        try:
            if self._token is not None and self._token is not token:
                return self._token  # another thread was first
            return self._renew(usable)
        finally:
            self._lock.release()

    def refuse(self, token: object) -> bool:
        """It was not taken: forget it, unless it is fresh. Says whether another one may help."""
        current = self._token
        if current is None or not isinstance(token, AccessToken) or token.value != current.value:
            return True
        if self._clock() - current.issued_at < FRESH:
            return False
        self._refused, self._token, self._asks_again_at = current.value, None, 0.0
        return True

    def _renew(self, usable: AccessToken | None) -> AccessToken:
        if self._clock() < self._asks_again_at:
            raise _again(self._hindrance)
        try:
            self._token = self._find_or_ask(is_urgent=usable is None)
        except CannotStart as hindrance:
            wait = AFTER_FAILURE if usable is None else AFTER_EARLY_FAILURE
            self._hindrance = hindrance
            self._asks_again_at = self._clock() + max(wait, hindrance.retry_after or 0.0)
            if usable is None:
                raise
            return usable
        return self._token

    def _find_or_ask(self, *, is_urgent: bool) -> AccessToken:
        """Where another process is asking, wait for what it gets, or go on with what there is."""
        gives_up_at = time.monotonic() + PATIENCE
        while not self._shelf.take_turn(self._name, seconds=TURN):
            if found := self._find(is_urgent=is_urgent):
                return found
            if not is_urgent or time.monotonic() > gives_up_at:
                raise _another_asks()
            time.sleep(LOOK)
        try:
            return self._find(is_urgent=is_urgent) or self._ask()
        finally:
            self._shelf.end_turn(self._name)

    def _find(self, *, is_urgent: bool) -> AccessToken | None:
        """What another process put on the shelf, if it is good for long enough."""
        try:
            entry = self._shelf.get(self._name)
            value, issued_at, ends_at = entry["value"], entry["issued_at"], entry["ends_at"]
            age = max(0.0, self._wall() - issued_at)
            left = min(ends_at - self._wall(), LONGEST_LIFE)
        except (TypeError, KeyError):
            return None
        if value == self._refused or left <= (RESERVE if is_urgent else EARLY):
            return None
        now = self._clock()
        return AccessToken(value, now - age, now + left)

    def _ask(self) -> AccessToken:
        now, wall = self._clock(), self._wall()
        value, life = self._endpoint.ask(self._account)
        entry = {"value": value, "issued_at": wall, "ends_at": wall + life}
        self._shelf.put(self._name, entry, seconds=life)
        return AccessToken(value, now, now + life)


def _another_asks() -> CannotStart:
    return CannotStart(Outcome.RETRY, "no_access_token", "Another process is asking for one.")


def _again(known: CannotStart) -> CannotStart:
    """A new one each time: an exception that is raised again collects all their stacks."""
    return CannotStart(known.outcome, known.reason, known.detail, known.retry_after)
