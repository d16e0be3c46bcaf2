"""How a time is written for callers, and which time zones there are."""

from datetime import datetime
from functools import cache
from zoneinfo import available_timezones


def json_time(value: datetime | None, *, timespec: str = "auto") -> str | None:
    """ISO 8601 in UTC, with Z; ``timespec`` as `datetime.isoformat` has it."""
    return value.isoformat(timespec=timespec).replace("+00:00", "Z") if value else None


@cache
def time_zones() -> frozenset[str]:
    """IANA names. The library walks through the files of all of them each time that it is asked."""
    return frozenset(available_timezones())
