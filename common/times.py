"""How a time is written for callers."""

from datetime import datetime


def json_time(value: datetime | None, *, timespec: str = "auto") -> str | None:
    """ISO 8601 in UTC, with Z; ``timespec`` as `datetime.isoformat` has it."""
    return value.isoformat(timespec=timespec).replace("+00:00", "Z") if value else None
