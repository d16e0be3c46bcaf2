"""Reading ``schedulingMetrics`` (``liveperson.md`` 1.6) and our ``startAt`` from a call (A11)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from campaigns.windows import DAYS, Schedule, Window
from common.body import Fields
from common.errors import FieldError, InvalidRequest

MAX_WINDOWS = 50
MAX_AHEAD = timedelta(days=366)
# RFC 3339, 5.6: date, time and offset; LivePerson has no such field.
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_NOT_A_TIME = "startAt must be a time with its offset, as 2026-11-24T09:00:00+01:00 (RFC 3339)."


def read_schedule(data: Mapping[str, Any], errors: list[FieldError]) -> Schedule:
    """Adds what is wrong to ``errors``, each by its pointer."""
    fields = Fields(data)
    fields.errors = errors
    # PHP writes an empty object as a list.
    is_empty = data.get("schedulingMetrics") == []
    metrics = None if is_empty else fields.nested("schedulingMetrics")
    entries = metrics.objects("windows", max_items=MAX_WINDOWS) if metrics else []
    windows = [_read_window(entry) for entry in entries]
    return Schedule(tuple(window for window in windows if window), _read_start(fields))


def check_start(schedule: Schedule, now: datetime) -> None:
    """:raises InvalidRequest: the start is too far ahead; it may lie in the past, and means now."""
    if schedule.start_at is not None and schedule.start_at > now + MAX_AHEAD:
        detail = f"startAt must lie within {MAX_AHEAD.days} days from now."
        raise InvalidRequest([FieldError("/startAt", "too_far_ahead", detail)])


def _read_window(entry: Fields) -> Window | None:
    start = _read_time(entry, "startTime", latest=23 * 60 + 59)
    end = _read_time(entry, "endTime", latest=24 * 60)
    name = entry.choice("day", DAYS)
    if start is None or end is None:
        return None
    return Window(start, end, DAYS.index(name) if name else None)


def _read_time(entry: Fields, name: str, *, latest: int) -> int | None:
    """Minutes after midnight."""
    time = entry.nested(name, required=True)
    if time is None:
        return None
    hour = time.whole_number("hour", most=latest // 60, required=True)
    minute = time.whole_number("minute", most=59)
    if hour is None:
        return None
    minutes = hour * 60 + (minute or 0)
    if minutes > latest:
        time.fail("minute", "out_of_range", "minute must be 0 when hour is 24.")
    return minutes


def _read_start(fields: Fields) -> datetime | None:
    text = fields.text("startAt", max_length=40)
    if not text:
        return None
    try:
        if not _TIMESTAMP.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        fields.fail("startAt", "not_a_time", _NOT_A_TIME)
        return None
