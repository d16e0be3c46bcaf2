"""A11, D21: windows of local time as instants, across the clock changes of many zones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.windows import (
    DAYS,
    Schedule,
    Window,
    is_open,
    load_windows,
    next_opening,
    zone_named,
)

STOCKHOLM = ZoneInfo("Europe/Stockholm")
MINUTE = timedelta(minutes=1)


def at(text):
    """An instant, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(start, end, day=None):
    minutes = [int(time[:2]) * 60 + int(time[3:]) for time in (start, end)]
    return Window(*minutes, None if day is None else DAYS.index(day))


# Zone, the instant of the change, a local time that it skips. Azores changes to an offset of zero,
# São Paulo changed at midnight, Kathmandu by a quarter of an hour.
SKIPPED = [
    ("Europe/Stockholm", "2027-03-28 01:00", "02:30"),
    ("America/New_York", "2027-03-14 07:00", "02:01"),
    ("America/Sao_Paulo", "2018-11-04 03:00", "00:00"),
    ("Australia/Lord_Howe", "2026-10-03 15:30", "02:15"),
    ("Pacific/Chatham", "2026-09-26 14:00", "03:00"),
    ("Africa/Casablanca", "2027-03-14 02:00", "02:59"),
    ("Asia/Kathmandu", "1985-12-31 18:30", "00:05"),
    ("Atlantic/Azores", "2027-03-28 01:00", "00:30"),
]
# Zone, the instant of the change, a local time that comes twice, the first instant that has it.
REPEATED = [
    ("Europe/Stockholm", "2026-10-25 01:00", "02:30", "2026-10-25 00:30"),
    ("America/New_York", "2026-11-01 06:00", "01:30", "2026-11-01 05:30"),
    ("America/Sao_Paulo", "2018-02-18 02:00", "23:15", "2018-02-18 01:15"),
    ("Australia/Lord_Howe", "2027-04-03 15:00", "01:45", "2027-04-03 14:45"),
    ("Pacific/Chatham", "2027-04-03 14:00", "03:00", "2027-04-03 13:15"),
    ("Africa/Casablanca", "2027-02-07 02:00", "02:30", "2027-02-07 01:30"),
]


def plus(time, minutes):
    total = (int(time[:2]) * 60 + int(time[3:]) + minutes) % (24 * 60)
    return f"{total // 60:02}:{total % 60:02}"


@pytest.mark.parametrize(("zone", "change", "skipped"), SKIPPED)
def test_a_window_that_begins_in_a_skipped_hour_opens_at_the_next_instant(zone, change, skipped):
    """D21: a local time that does not exist moves to the next that does."""
    windows = [window(skipped, plus(skipped, 180))]

    assert next_opening(windows, ZoneInfo(zone), at(change) - 2 * MINUTE) == at(change)
    assert not is_open(windows, ZoneInfo(zone), at(change) - MINUTE)


@pytest.mark.parametrize(("zone", "change", "skipped"), SKIPPED)
def test_a_window_that_is_skipped_whole_opens_on_the_next_day(zone, change, skipped):
    windows = [window(skipped, plus(skipped, 1))]

    opening = next_opening(windows, ZoneInfo(zone), at(change) - MINUTE)

    local = opening.astimezone(ZoneInfo(zone))
    assert f"{local:%H:%M}" == skipped
    assert timedelta(hours=20) < opening - at(change) < timedelta(hours=25)


def test_a_day_that_is_skipped_whole_opens_nothing():
    """Samoa went from Thursday, 29 December 2011, to Saturday."""
    apia, last = ZoneInfo("Pacific/Apia"), at("2011-12-30 09:59")

    assert next_opening([window("12:00", "15:00")], apia, last) == at("2011-12-30 22:00")
    assert next_opening([window("12:00", "15:00", "FRIDAY")], apia, last) == at("2012-01-05 22:00")
    assert not is_open([window("22:00", "06:00", "THURSDAY")], apia, at("2011-12-30 10:00"))


@pytest.mark.parametrize(("zone", "change", "repeated", "first"), REPEATED)
def test_a_window_in_a_repeated_hour_opens_once_the_first_time(zone, change, repeated, first):
    """D21: an ambiguous local time is the first of the two; no window is open twice a day."""
    windows = [window(repeated, plus(repeated, 10))]
    around = [at(change) + n * MINUTE for n in range(-180, 180)]

    open_at = [now for now in around if is_open(windows, ZoneInfo(zone), now)]

    assert open_at == [at(first) + n * MINUTE for n in range(10)]


@pytest.mark.parametrize(("zone", "change", "repeated", "first"), REPEATED)
def test_a_window_that_lasts_across_a_repeated_hour_is_one_stretch(zone, change, repeated, first):
    windows = [window(repeated, plus(repeated, 180))]
    around = [at(change) + n * MINUTE for n in range(-180, 300)]

    open_at = [now for now in around if is_open(windows, ZoneInfo(zone), now)]

    assert open_at == [open_at[0] + n * MINUTE for n in range(len(open_at))]
    assert open_at[0] == at(first)


@pytest.mark.parametrize(
    ("windows", "now", "opens"),
    [
        # Stockholm in winter is an hour ahead of UTC; 2026-11-23 is a Monday.
        ([window("09:00", "21:00")], "2026-11-23 07:59", "2026-11-23 08:00"),
        ([window("09:00", "21:00")], "2026-11-23 08:00", "2026-11-23 08:00"),
        ([window("09:00", "21:00")], "2026-11-23 19:59", "2026-11-23 19:59"),
        ([window("09:00", "21:00")], "2026-11-23 20:00", "2026-11-24 08:00"),
        ([window("09:00", "21:00", "MONDAY")], "2026-11-23 20:00", "2026-11-30 08:00"),
        ([window("09:00", "21:00", "SUNDAY")], "2026-11-23 12:00", "2026-11-29 08:00"),
        # The day is the person's: it is Tuesday in Stockholm.
        ([window("00:00", "01:00", "TUESDAY")], "2026-11-23 23:30", "2026-11-23 23:30"),
        # Overnight: it belongs to the day on which it starts.
        ([window("22:00", "06:00")], "2026-11-24 04:59", "2026-11-24 04:59"),
        ([window("22:00", "06:00")], "2026-11-24 05:00", "2026-11-24 21:00"),
        ([window("22:00", "06:00", "MONDAY")], "2026-11-24 04:59", "2026-11-24 04:59"),
        ([window("22:00", "06:00", "MONDAY")], "2026-11-23 04:59", "2026-11-23 21:00"),
        # From one time to the same is the whole day.
        ([window("09:00", "09:00", "MONDAY")], "2026-11-24 07:59", "2026-11-24 07:59"),
        ([window("09:00", "09:00", "MONDAY")], "2026-11-24 08:00", "2026-11-30 08:00"),
        ([window("00:00", "24:00")], "2026-11-23 22:59:59", "2026-11-23 22:59:59"),
        ([window("23:00", "24:00")], "2026-11-23 23:00", "2026-11-24 22:00"),
        # Of several the first that is open.
        (
            [window("18:00", "20:00"), window("09:00", "10:00")],
            "2026-11-23 10:00",
            "2026-11-23 17:00",
        ),
        ([], "2026-11-23 03:00", "2026-11-23 03:00"),
    ],
)
def test_a_message_goes_out_at_the_next_opening(windows, now, opens):
    """A11"""
    assert next_opening(windows, STOCKHOLM, at(now)) == at(opens)
    assert is_open(windows, STOCKHOLM, at(now)) == (now == opens)


times = st.integers(0, 24 * 60 - 1)
some_windows = st.lists(
    st.builds(Window, times, times, st.none() | st.integers(0, 6)), min_size=1, max_size=3
)


@given(
    some_windows,
    st.sampled_from([(zone, at(change)) for zone, change, *_ in [*SKIPPED[:6], *REPEATED]]),
    st.integers(-3 * 24 * 60, 24 * 60),
)
def test_an_opening_is_inside_a_window_and_none_is_missed(windows, change, minutes):
    """By the wall clock alone, minute by minute, around the changes of all zones."""
    zone, now = ZoneInfo(change[0]), change[1] + minutes * MINUTE

    opening = next_opening(windows, zone, now)

    assert opening >= now
    assert any(is_inside(one, opening.astimezone(zone)) for one in windows)
    for n in range(0, min(3 * 24 * 60, (opening - now) // MINUTE), 7):
        local = (now + n * MINUTE).astimezone(zone)
        # The second of two equal local times may lie outside of a window that the first is in.
        assert local.fold or not any(is_inside(one, local) for one in windows)


def is_inside(one, local):
    minute = local.hour * 60 + local.minute
    today, yesterday = (one.day in (None, (local.weekday() - back) % 7) for back in (0, 1))
    if one.end > one.start:
        return today and one.start <= minute < one.end
    return (today and minute >= one.start) or (yesterday and minute < one.end)


def test_a_start_counts_only_while_it_lies_ahead():
    """A11: and the windows are asked from the start on."""
    evening = Schedule((window("18:00", "20:00"),), start_at=at("2026-11-25 18:00"))

    assert evening.opens_at(STOCKHOLM, at("2026-11-23 12:00")) == at("2026-11-25 18:00")
    assert evening.opens_at(STOCKHOLM, at("2026-11-25 19:00")) == at("2026-11-26 17:00")
    assert evening.wait_reason(at("2026-11-23 12:00")) == "before_start"
    assert evening.wait_reason(at("2026-11-25 19:00")) == "outside_window"


def test_windows_are_kept_in_liveperson_s_shape():
    windows = (window("09:05", "24:00", "MONDAY"), window("22:00", "06:00"))

    stored = [one.stored() for one in windows]

    assert stored == [
        {
            "startTime": {"hour": 9, "minute": 5},
            "endTime": {"hour": 24, "minute": 0},
            "day": "MONDAY",
        },
        {"startTime": {"hour": 22, "minute": 0}, "endTime": {"hour": 6, "minute": 0}},
    ]
    assert load_windows(stored) == windows
    assert load_windows(None) == ()


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "Europe", "a\0b"])
def test_a_zone_that_nobody_knows_is_utc(name):
    assert zone_named(name) == ZoneInfo("UTC")
