"""Not asking a server that is away: who meets one that was silent a moment ago does not wait."""

import threading
import time
from collections.abc import Callable

# Redis is asked in each request: one that hangs must not hang the API.
TIMEOUT = 0.25
PAUSE_SECONDS = 1.0


class Circuit:
    """After a failure nobody asks, but for a thread each second; when it is answered, all do.

    ``ask`` raises one of ``failures`` while the server is away.
    """

    def __init__(self, ask: Callable[[], object], *, failures: tuple[type[Exception], ...]) -> None:
        self._ask = ask
        self._failures = failures
        self._lock = threading.Lock()
        self._ask_again_at: float | None = None

    def may_ask(self) -> bool:
        with self._lock:
            if self._ask_again_at is None:
                return True
            if time.monotonic() < self._ask_again_at:
                return False
            self._ask_again_at = time.monotonic() + PAUSE_SECONDS
        threading.Thread(target=self._close_if_answered, daemon=True).start()
        return False

    def open(self) -> bool:
        """Stop asking; tell whether this is news."""
        with self._lock:
            was_open = self._ask_again_at is not None
            self._ask_again_at = time.monotonic() + PAUSE_SECONDS
        return not was_open

    def _close_if_answered(self) -> None:
        try:
            self._ask()
        except self._failures:
            return
        with self._lock:
            self._ask_again_at = None
