"""What a server asks for in ``Retry-After`` (RFC 9110, 10.2.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def parse_retry_after(value: str | None, now: datetime, *, longest: float) -> float | None:
    """Read seconds or an HTTP date, clamped to [0, longest]; None for what is neither."""
    if not value:
        return None
    text = value.strip()
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit():
        return min(max(float(text), 0.0), longest)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), longest)
