"""What a Firebase project's answers so far tell of the next ones."""

from collections.abc import Callable
from time import monotonic

from push.providers.base import CannotStart, Outcome

ENOUGH_REFUSALS = 5


class Quota:
    """Messages a minute, of all the project's devices. When several were refused in a row, the
    others are not even asked for; a single refusal may be of one device's own quota."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._refusals = 0
        self._ends_at = 0.0

    def check(self) -> None:
        """:raises CannotStart: it is used up."""
        left = self._ends_at - self._clock()
        if left > 0:
            raise CannotStart(Outcome.RETRY, "rate_limited", retry_after=left)

    def note_refusal(self, seconds: float) -> None:
        self._refusals += 1
        if self._refusals >= ENOUGH_REFUSALS:
            self._ends_at = self._clock() + seconds

    def note_success(self) -> None:
        self._refusals = 0
