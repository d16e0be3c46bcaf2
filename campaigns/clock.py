"""The time that delivery goes by is the database's: a worker whose clock is wrong does no harm."""

from datetime import datetime, timedelta
from time import monotonic

from campaigns import ledger


class DatabaseClock:
    """The database's time when last read, carried on by this process's monotonic clock."""

    def __init__(self) -> None:
        self.read()

    def read(self) -> datetime:
        """Ask the database, in one round trip."""
        self._read_at = ledger.clock()
        self._ticks = monotonic()
        return self._read_at

    def now(self) -> datetime:
        return self._read_at + timedelta(seconds=monotonic() - self._ticks)
