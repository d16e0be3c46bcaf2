"""Columns over time as the parts of an SVG: lengths are attributes, in percent of the drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

# More columns than this are drawn by the week, then by the month.
MOST_COLUMNS = 62
GAP = 0.25


@dataclass(frozen=True, slots=True)
class Column:
    """``x``, ``y``, ``width`` and ``height`` are percentages, as SVG attributes take them."""

    words: str
    value: int
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Columns:
    columns: list[Column]
    highest: int
    unit: str


def columns(days: Sequence[date], values: Sequence[int]) -> Columns:
    """One column a day, or a week or a month where there are many days."""
    unit, groups = _grouped(days, values)
    highest = max((value for _, value in groups), default=0)
    step = 100 / max(len(groups), 1)
    drawn = []
    for place, (words, value) in enumerate(groups):
        height = 100 * value / highest if highest else 0
        drawn.append(
            Column(
                words,
                value,
                f"{step * (place + GAP / 2):.3f}%",
                f"{100 - height:.3f}%",
                f"{step * (1 - GAP):.3f}%",
                f"{height:.3f}%",
            )
        )
    return Columns(drawn, highest, unit)


def _grouped(days: Sequence[date], values: Sequence[int]) -> tuple[str, list[tuple[str, int]]]:
    if len(days) <= MOST_COLUMNS:
        return "day", [(day_words(day), n) for day, n in zip(days, values, strict=True)]
    unit = "week" if len(days) <= 7 * MOST_COLUMNS else "month"
    sums: dict[date, int] = {}
    for day, n in zip(days, values, strict=True):
        first = day - timedelta(days=day.weekday()) if unit == "week" else day.replace(day=1)
        sums[first] = sums.get(first, 0) + n
    return unit, [(f"{unit.title()} of {day_words(first)}", n) for first, n in sums.items()]


def day_words(day: date) -> str:
    return f"{day.day} {day:%b}"
