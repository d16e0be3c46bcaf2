"""Analytics: what became of a brand's messages over time (G2). Nothing is counted from people."""

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.views.generic import TemplateView

from accounts.permissions import AccountPermissionMixin
from accounts.roles import VIEW_CAMPAIGNS
from campaigns import daily
from campaigns.daily import Figures, Span
from campaigns.models import FINAL, State
from campaigns.reasons import reason
from common import ranges
from common.spreadsheet import csv_lines, csv_response
from console.analytics import charts
from console.analytics.definitions import MEASURES
from handoffs.models import Kind

UNSENT = tuple(state for state in FINAL if state != State.SENT)
CSV_STATES = ("accepted", *MEASURES, *UNSENT)
MOST_REASONS = 8


class AnalyticsView(AccountPermissionMixin):
    """What page and file have in common: the range and the filters of the URL."""

    required_permission = VIEW_CAMPAIGNS

    def load(self) -> None:
        self.today = timezone.now().date()
        self.range, self.error = ranges.asked_for(self.request.GET, self.today)
        self.kind = Kind.IVR if self.request.GET.get("kind") == Kind.IVR else Kind.PROACTIVE
        self.handoff = self._named(self.handoffs, "handoff")
        self.skill = self._named(self.skills, "skill")
        self.app_name = self.request.GET.get("app", "")
        if self.app_name not in self.app_names:
            self.app_name = ""

    def _named(self, choices: dict[str, tuple[int, str]], name: str) -> int | None:
        found = choices.get(self.request.GET.get(name, ""))
        return found[0] if found else None

    @cached_property
    def handoffs(self) -> dict[str, tuple[int, str]]:
        """By public id, the key and the title."""
        rows = self.account.handoffs.order_by("title").values_list("public_id", "pk", "title")
        return {public_id: (pk, title) for public_id, pk, title in rows}

    @cached_property
    def skills(self) -> dict[str, tuple[int, str]]:
        rows = self.account.skills.order_by("name").values_list("pk", "name")
        return {name: (pk, name) for pk, name in rows}

    @cached_property
    def app_names(self) -> list[str]:
        return list(self.account.apps.order_by("bundle_id").values_list("bundle_id", flat=True))

    @property
    def span(self) -> Span:
        return Span(
            first=self.range.first,
            last=self.range.last,
            kind=self.kind,
            app_name=self.app_name or None,
            handoff_id=self.handoff,
            skill_id=self.skill,
        )

    def by_day(self) -> dict[date, Figures]:
        found = daily.figures(self.account.pk, self.span, by=daily.DAY)
        return {day: found.get(day, Figures()) for day in self.range.days}


class AnalyticsPage(AnalyticsView, TemplateView):
    template_name = "console/analytics.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        days = self.by_day()
        total = Figures()
        for one in days.values():
            total.states.update(one.states)
            total.reasons.update(one.reasons)
        return super().get_context_data(
            range=self.range,
            presets=ranges.presets(self.today),
            kind=self.kind,
            kinds=Kind.choices,
            error=self.error,
            filters=self._filters(),
            choices=self._choices(),
            charts=[_chart(state, days, total) for state in MEASURES],
            days=[(day, one.states) for day, one in reversed(days.items())],
            total=total.states,
            is_by_app=bool(self.app_name),
            reasons=_reasons(total),
            unsent=sum(total.states[state] for state in UNSENT),
            parts=[
                ("Handoff", self._parts(daily.HANDOFF, self.handoffs)),
                ("Skill", self._parts(daily.SKILL, self.skills)),
            ],
            **kwargs,
        )

    def _filters(self) -> list[tuple[str, str, str]]:
        """Those that are on: field, value, and its name in the query."""
        titles = dict(self.handoffs.values())
        names = dict(self.skills.values())
        told = [
            ("App", self.app_name, "app"),
            ("Handoff", titles.get(self.handoff or 0, ""), "handoff"),
            ("Skill", names.get(self.skill or 0, ""), "skill"),
        ]
        return [one for one in told if one[1]]

    def _choices(self) -> list[tuple[str, str, list[tuple[str, str]], str]]:
        """A select each: label, name, choices, and the chosen one."""
        query = self.request.GET
        return [
            ("App", "app", [(name, name) for name in self.app_names], self.app_name),
            (
                "Handoff",
                "handoff",
                [(key, title) for key, (_, title) in self.handoffs.items()],
                query.get("handoff", ""),
            ),
            ("Skill", "skill", [(name, name) for name in self.skills], query.get("skill", "")),
        ]

    def _parts(self, by: str, names: dict[str, tuple[int, str]]) -> list[dict[str, Any]]:
        """The figures of each handoff or skill, what was sent most first."""
        known = {pk: (key, words) for key, (pk, words) in names.items()}
        rows: list[dict[str, Any]] = [
            {"key": known[pk][0], "words": known[pk][1], "states": one.states}
            for pk, one in daily.figures(self.account.pk, self.span, by=by).items()
            if pk in known
        ]
        return sorted(rows, key=lambda row: -row["states"]["sent"])[:20]


class AnalyticsCsv(AnalyticsView):
    """The table of days as a file, with the page's filters."""

    def get(self, request: HttpRequest, account_number: int) -> StreamingHttpResponse:
        name = f"analytics-{self.range.first}-{self.range.last}.csv"
        return csv_response(csv_lines(("day", *CSV_STATES), self._rows()), name)

    def _rows(self) -> Iterator[list[Any]]:
        for day, one in self.by_day().items():
            yield [day, *(one.states[state] for state in CSV_STATES)]


def _chart(state: str, days: dict[date, Figures], total: Figures) -> dict[str, Any]:
    values = [one.states[state] for one in days.values()]
    measure = MEASURES[state]
    return {
        "measure": measure,
        "drawn": charts.columns(list(days), values),
        "total": total.states[state],
        "of": total.states[measure.of],
        "of_label": MEASURES[measure.of].label.lower() if measure.of in MEASURES else "accepted",
    }


def _reasons(total: Figures) -> list[dict[str, Any]]:
    """Why messages were not sent, the most frequent first."""
    unsent = [(key, n) for key, n in total.reasons.most_common() if key[0] in UNSENT]
    return [
        {
            "words": reason(word),
            "n": n,
            "kind": "bad" if state == State.FAILED else "quiet",
        }
        for (state, word), n in unsent[:MOST_REASONS]
    ]
