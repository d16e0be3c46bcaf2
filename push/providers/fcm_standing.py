"""What a Firebase project's answers so far tell of the next ones."""

from collections.abc import Callable
from time import monotonic

from push.providers.base import CannotStart, Outcome
from push.providers.token_source import Shelf

ENOUGH_REFUSALS = 5
PROOF_SECONDS = 30 * 86_400


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


class Proof:
    """That FCM took a push by this service account. Until then a token of another project speaks
    against the account as much as against the device."""

    def __init__(self, name: str, shelf: Shelf) -> None:
        self._name = name
        self._shelf = shelf
        self._is_given = False

    @property
    def is_given(self) -> bool:
        if not self._is_given:
            self._is_given = self._shelf.get(self._name) is True
        return self._is_given

    def give(self) -> None:
        if not self._is_given:
            self._is_given = True
            self._shelf.put(self._name, True, seconds=PROOF_SECONDS)
