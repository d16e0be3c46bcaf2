"""The presets of a range of days, as links of the page name them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Range:
    """Both days are in it. ``key`` is empty where the days were given by hand."""

    key: str
    words: str
    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


LONGEST_DAYS = 400
# Days that databases and clocks of all zones can be asked about.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
DEFAULT = "30d"
_FIRST: Mapping[str, tuple[str, Callable[[date], date]]] = {
    "today": ("Today", lambda today: today),
    "week": ("This week", lambda today: today - timedelta(days=today.weekday())),
    "month": ("This month", lambda today: today.replace(day=1)),
    "7d": ("Last 7 days", lambda today: today - timedelta(days=6)),
    "30d": ("Last 30 days", lambda today: today - timedelta(days=29)),
    "60d": ("Last 60 days", lambda today: today - timedelta(days=59)),
    "90d": ("Last 90 days", lambda today: today - timedelta(days=89)),
    "year": ("Year to date", lambda today: today.replace(month=1, day=1)),
}


def presets(today: date) -> list[Range]:
    return [Range(key, words, first(today), today) for key, (words, first) in _FIRST.items()]


def preset(key: str, today: date) -> Range:
    """The one of this name, or the default."""
    words, first = _FIRST.get(key, _FIRST[DEFAULT])
    return Range(key if key in _FIRST else DEFAULT, words, first(today), today)


def given(first: date, last: date) -> Range:
    """:raises ValueError: the days are the wrong way round, too many, or of no calendar of ours."""
    is_known = FIRST_DAY <= first <= last <= LAST_DAY
    if not is_known or last - first >= timedelta(days=LONGEST_DAYS):
        raise ValueError(f"Give a first and a last day, at most {LONGEST_DAYS} days.")
    return Range("", f"{first:%d %b %Y} – {last:%d %b %Y}", first, last)


def asked_for(query: Mapping[str, str], today: date) -> tuple[Range, str]:
    """The range that a URL names, else the default one; and what was wrong with it, if anything."""
    if "from" not in query and "to" not in query:
        return preset(query.get("range", ""), today), ""
    try:
        first, last = (date.fromisoformat(query.get(name, "")) for name in ("from", "to"))
        return given(first, last), ""
    except ValueError:
        error = (
            f"Give a first and a last day, at most {LONGEST_DAYS} days: the last 30 days are shown."
        )
        return preset("", today), error
