"""Why people of a campaign were not reached, each reason with its sentence and its remedy."""

from dataclasses import dataclass

from campaigns.analytics import Figures
from campaigns.models import State
from campaigns.overviews import Overview
from campaigns.reasons import explanation


@dataclass(frozen=True, slots=True)
class WhyNot:
    """``word`` is the API's; ``to`` leads to the people."""

    word: str
    state: str
    sentence: str
    remedy: str
    count: int
    to: str

    @property
    def bar(self) -> str:
        return "bad" if self.state in {State.FAILED, "refused"} else "quiet"


@dataclass(frozen=True, slots=True)
class Reasons:
    """The most frequent first; ``most`` is what the bars are shares of."""

    rows: list[WhyNot]

    @property
    def people(self) -> int:
        return sum(row.count for row in self.rows)

    @property
    def most(self) -> int:
        return self.rows[0].count if self.rows else 0


def reasons_of(one: Overview, figures: Figures) -> Reasons:
    rows = [_row(state, word, n) for (state, word), n in figures.reasons.items()]
    if one.rejected:
        rows.append(
            WhyNot(
                "",
                "refused",
                "Refused in the call itself.",
                "Each of them is told in the call's answer, and below.",
                one.rejected,
                "#refused",
            )
        )
    return Reasons(sorted(rows, key=lambda row: -row.count))


def _row(state: str, word: str, count: int) -> WhyNot:
    why = explanation(word)
    return WhyNot(
        word, state, why.sentence, why.remedy, count, f"?show={state}&reason={word}#recipients"
    )
