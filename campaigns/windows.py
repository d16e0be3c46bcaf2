"""When a message may go out: windows of local time, answered as instants (A11).

A local time that a clock change skips moves to the next one that exists; one that comes twice means
the first. So each window is one stretch of time a day: it never opens twice, and it stays shut on a
day that skips it whole.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
MINUTES_A_DAY = 24 * 60
# Why a message waits for its time, as its row says.
WAIT_REASONS = ("before_start", "outside_window")
# A window comes once a week at least; the week after it covers a day that a clock change skipped.
_DAYS_AHEAD = 15


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes after local midnight; ``day`` is 0 for Monday, None for each day.

    One that ends at or before its start ends on the following day, and belongs to the day of its
    start.
    """

    start: int
    end: int
    day: int | None = None

    def stored(self) -> dict[str, Any]:
        """In LivePerson's shape, which is also how a campaign keeps it."""
        times = {
            "startTime": {"hour": self.start // 60, "minute": self.start % 60},
            "endTime": {"hour": self.end // 60, "minute": self.end % 60},
        }
        return times if self.day is None else {**times, "day": DAYS[self.day]}


def load_windows(stored: Sequence[dict[str, Any]] | None) -> tuple[Window, ...]:
    return tuple(_load(entry) for entry in stored or ())


def _load(entry: dict[str, Any]) -> Window:
    start, end = entry["startTime"], entry["endTime"]
    day = DAYS.index(entry["day"]) if "day" in entry else None
    return Window(start["hour"] * 60 + start["minute"], end["hour"] * 60 + end["minute"], day)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a campaign may go out: from ``start_at`` on, and inside its windows."""

    windows: tuple[Window, ...] = ()
    start_at: datetime | None = None

    def opens_at(self, zone: ZoneInfo, now: datetime) -> datetime:
        """The first instant from ``now`` on at which a message to this zone may go out."""
        start = now if self.start_at is None else max(now, self.start_at)
        return next_opening(self.windows, zone, start)

    def wait_reason(self, now: datetime) -> str:
        """Why a message that may not go out now has to wait."""
        is_early = self.start_at is not None and now < self.start_at
        return "before_start" if is_early else "outside_window"


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """The zone, or UTC where this machine does not know it: a message must not hang on it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def is_open(windows: Sequence[Window], zone: ZoneInfo, now: datetime) -> bool:
    return next_opening(windows, zone, now) == now


def next_opening(windows: Sequence[Window], zone: ZoneInfo, now: datetime) -> datetime:
    """The first instant from ``now`` on that is inside a window, in UTC; no windows: now."""
    return _next_opening(tuple(windows), zone, now) if windows else now


@lru_cache(maxsize=512)
def _next_opening(windows: tuple[Window, ...], zone: ZoneInfo, now: datetime) -> datetime:
    # From two days before: an overnight window of the day before may still be open.
    first = now.astimezone(zone).date() - timedelta(days=2)
    for number in range(_DAYS_AHEAD + 2):
        openings = [
            max(start, now)
            for start, end in _stretches(windows, zone, first + timedelta(days=number))
            if end > max(start, now)
        ]
        if openings:
            return min(openings)
    raise ValueError(f"{windows} never open in {zone}")


def _stretches(
    windows: Sequence[Window], zone: ZoneInfo, day: date
) -> Iterator[tuple[datetime, datetime]]:
    for window in windows:
        if window.day in (None, day.weekday()):
            is_overnight = window.end <= window.start
            end = window.end + MINUTES_A_DAY * is_overnight
            yield _instant(day, window.start, zone), _instant(day, end, zone)


def _instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The instant of a local time, in UTC: the first of two, or the next that exists."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 -- a wall clock's time
    local = (midnight + timedelta(minutes=minutes)).replace(tzinfo=zone)
    before, after = local.utcoffset(), local.replace(fold=1).utcoffset()
    assert before is not None
    assert after is not None
    if after <= before:
        return local.astimezone(UTC)
    # Skipped: the change lies between the two readings of this time.
    earliest = local.replace(tzinfo=UTC) - after
    seconds = range(int((after - before).total_seconds()) + 1)
    return earliest + timedelta(
        seconds=bisect_left(
            seconds, True, key=lambda n: _offset(earliest + timedelta(seconds=n), zone) == after
        )
    )


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()
