"""What was found, as a line a goal for people and as JSON for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for a ratio: at least, or with ``is_most`` at most."""

    name: str
    bound: float
    is_most: bool = False

    @property
    def text(self) -> str:
        return f"{'<=' if self.is_most else '>='} {self.bound:g}"

    def is_met_by(self, ratio: float) -> bool:
        return ratio <= self.bound if self.is_most else ratio >= self.bound


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a round. ``value`` is recipients a second or seconds, as ``unit`` says; ``cpu``
    are the CPU seconds of its servers and the database's, for each recipient."""

    value: float
    unit: str
    cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class Round:
    """Both sides, one after the other on the same machine within seconds."""

    ours: Side
    other: Side


@dataclass(frozen=True, slots=True)
class Finding:
    goal: Goal
    rounds: Sequence[Round]
    against: str

    @property
    def ratios(self) -> list[float]:
        return [round_.ours.value / round_.other.value for round_ in self.rounds]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def is_met(self) -> bool:
        return self.goal.is_met_by(self.ratio)

    def line(self) -> str:
        """``NAME ratio [min-max] goal ok|SHORT``"""
        name, ratio = f"{self.goal.name:<14}", f"{number(self.ratio):>7}"
        spread = f"[{number(min(self.ratios))}-{number(max(self.ratios))}]"
        verdict = "ok" if self.is_met else "SHORT"
        return f"{name}{ratio} {spread:<14} {self.goal.text:<8} {verdict}"


def number(ratio: float) -> str:
    """Three digits that matter, as far as a ratio has them."""
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of them do not exceed."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def as_json(findings: Sequence[Finding], **facts: Any) -> dict[str, Any]:
    return {**facts, "goals": [_finding(finding) for finding in findings]}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.goal.name,
        "goal": finding.goal.text,
        "against": finding.against,
        "is_met": finding.is_met,
        "ratio": finding.ratio,
        "ratios": finding.ratios,
        "ours": _middle([round_.ours for round_ in finding.rounds]),
        "other": _middle([round_.other for round_ in finding.rounds]),
        "rounds": [asdict(round_) for round_ in finding.rounds],
    }


def _middle(sides: Sequence[Side]) -> dict[str, Any]:
    return {
        "value": median(side.value for side in sides),
        "unit": sides[0].unit,
        "cpu": median(side.cpu for side in sides),
    }


def write(folder: Path, name: str, result: Mapping[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    return path
