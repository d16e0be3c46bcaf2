"""The time that delivery goes by is the database's: a worker whose clock is wrong does no harm."""

from datetime import datetime, timedelta
from time import monotonic

from campaigns import ledger


class DatabaseClock:
    """The database's time when last read, carried on by this process's monotonic clock."""

    def __init__(self) -> None:
        self.read()

    def read(self, *, lock_timeout: str | None = None) -> datetime:
        """Ask the database, in one round trip that sets how long the transaction waits for locks,
        too."""
        self._read_at = ledger.clock(lock_timeout=lock_timeout)
        self._ticks = monotonic()
        return self._read_at

    def now(self) -> datetime:
        return self._read_at + timedelta(seconds=monotonic() - self._ticks)
