"""How a time is written for callers."""

from datetime import datetime


def json_time(value: datetime | None) -> str | None:
    """ISO 8601 in UTC, with Z."""
    return value.isoformat().replace("+00:00", "Z") if value else None
