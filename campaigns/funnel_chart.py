"""The funnel of a campaign as a chart: heights and slopes, as attributes of an SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.overviews import Overview
from campaigns.recipient_rows import SHOWN

WIDTH, HEIGHT, COLUMN, STEP = 700, 120, 64, 100
_GAP = 1.5


@dataclass(frozen=True, slots=True)
class Exit:
    """People who left before the next step, or wait there."""

    count: int
    word: str
    to: str
    icon: str = "exit"
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One column; ``of`` is the step before, which its share is of."""

    name: str
    label: str
    count: int
    of: int
    of_word: str
    x: int
    top: float
    height: float
    slope: str
    exits: tuple[Exit, ...]


@dataclass(frozen=True, slots=True)
class Funnel:
    steps: list[Step]
    whole: int
    waiting_height: float


def funnel_chart(one: Overview, figures: Mapping[str, int]) -> Funnel:
    """``figures`` are those of `campaigns.analytics.funnel`, in its order."""
    whole = figures["requested"]
    waiting = _height(one.counts.waiting, whole)
    names = list(figures)
    tops = [HEIGHT - _height(figures[name], whole) for name in names]
    # What waits stands apart on top of the first column.
    tops[0] += waiting + (_GAP if waiting and waiting < HEIGHT else 0)
    steps = []
    for place, name in enumerate(names):
        before = names[place - 1] if place else name
        steps.append(
            Step(
                name=name,
                label=SHOWN[name],
                count=figures[name],
                of=figures[before],
                of_word=before,
                x=place * STEP,
                top=round(tops[place], 1),
                height=round(HEIGHT - tops[place], 1),
                slope=_slope(place, tops),
                exits=_exits(name, one),
            )
        )
    return Funnel(steps, whole, round(waiting, 1))


def _height(part: int, whole: int) -> float:
    return HEIGHT * part / whole if whole else 0.0


def _slope(place: int, tops: list[float]) -> str:
    if place + 1 == len(tops):
        return ""
    left, right = place * STEP + COLUMN, (place + 1) * STEP
    before, after = round(tops[place], 1), round(tops[place + 1], 1)
    return f"{left},{before} {right},{after} {right},{HEIGHT} {left},{HEIGHT}"


def _exits(name: str, one: Overview) -> tuple[Exit, ...]:
    """Where people are who did not come further than this step."""
    counts = one.counts
    left: Mapping[str, Sequence[Exit]] = {
        "requested": (
            Exit(counts.waiting, "waiting", "?show=waiting#recipients", icon="queue"),
            Exit(one.rejected, "refused in the call", "#refused", is_bad=True),
            Exit(counts.cancelled, "cancelled", "?show=cancelled#recipients"),
        ),
        "eligible": (
            Exit(counts.suppressed, "suppressed", "?show=suppressed#recipients"),
            Exit(counts.expired, "expired", "?show=expired#recipients"),
        ),
        "sent": (Exit(counts.failed, "failed", "?show=failed#recipients", is_bad=True),),
    }
    return tuple(way for way in left.get(name, ()) if way.count)
