"""The figures above a list of campaigns: what became of all of them, and from day to day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from campaigns.daily import Figures
from campaigns.models import State

_WIDTH, _HEIGHT = 84.0, 24.0
_LEAST_DAYS = 3


@dataclass(frozen=True, slots=True)
class Spark:
    """Points of a line, and of the area below it, for an SVG."""

    line: str
    area: str


@dataclass(frozen=True, slots=True)
class Totals:
    """What became of the messages of many campaigns; ``days`` are those of acceptance, in UTC."""

    days: Mapping[date, Figures]

    @property
    def sent(self) -> int:
        return self._of(State.SENT)

    @property
    def delivered(self) -> int:
        return self._of("delivered")

    @property
    def opened(self) -> int:
        return self._of("opened")

    @property
    def replied(self) -> int:
        return self._of("replied")

    @property
    def sent_by_day(self) -> Spark | None:
        return _spark([one.states[State.SENT] for one in self.days.values()])

    @property
    def delivered_by_day(self) -> Spark | None:
        return _spark(self._shares("delivered", State.SENT), whole=1)

    @property
    def opened_by_day(self) -> Spark | None:
        return _spark(self._shares("opened", "delivered"), whole=1)

    @property
    def replied_by_day(self) -> Spark | None:
        return _spark(self._shares("replied", "opened"), whole=1)

    def _of(self, state: str) -> int:
        return sum(one.states[state] for one in self.days.values())

    def _shares(self, part: str, whole: str) -> list[float]:
        days = [one.states for one in self.days.values()]
        return [states[part] / states[whole] for states in days if states[whole]]


def _spark(values: Iterable[float], *, whole: float | None = None) -> Spark | None:
    """None where there are too few days for a line to say anything."""
    heights = list(values)
    if len(heights) < _LEAST_DAYS:
        return None
    top = whole or max(heights) or 1
    step = _WIDTH / (len(heights) - 1)
    points = [
        f"{place * step:.1f},{2 + _HEIGHT * (1 - min(value / top, 1)):.1f}"
        for place, value in enumerate(heights)
    ]
    line = " ".join(points)
    return Spark(line, f"0,28 {line} {_WIDTH:.0f},28")
