"""Figures for who manages agents: who waits now, and how soon people were answered."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.views.generic import TemplateView

from accounts.permissions import AccountPermissionMixin
from accounts.roles import MANAGE_AGENTS
from common import ranges
from console.analytics import charts
from conversations import figures
from conversations.figures import Answers, Line, Spread


class AgentFigures(AccountPermissionMixin, TemplateView):
    template_name = "console/agents.html"
    required_permission = MANAGE_AGENTS

    def load(self) -> None:
        self.now = timezone.now()
        today = self.now.astimezone(ZoneInfo(self.account.time_zone)).date()
        self.presets = ranges.presets(today)
        self.range, self.error = ranges.asked_for(self.request.GET, today)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        first, last = self.range.first, self.range.last
        lines = figures.lines_now(self.account, now=self.now)
        spread = figures.spread(self.account, first, last)
        people = figures.people_now(self.account, now=self.now)
        names = {one.membership.user.email: one.name for one in people}
        authors = figures.by_author(self.account, first, last)
        return super().get_context_data(
            range=self.range,
            presets=self.presets,
            error=self.error,
            now_is=_sum(lines, self.now),
            lines=[
                (line, _waits(line, self.now), spread.by_skill.get(line.skill_id, Answers()))
                for line in lines
            ],
            total=spread.total,
            charts=self._charts(spread),
            days=[(day, spread.by_day.get(day, Answers())) for day in reversed(self.range.days)],
            authors=[(names.get(author, author), answers) for author, answers in authors.items()],
            people=people,
            **kwargs,
        )

    def _charts(self, spread: Spread) -> list[dict[str, Any]]:
        """Of many days only what can be added up by the week is drawn."""
        days = self.range.days
        answers = [spread.by_day.get(day, Answers()) for day in days]
        counted = charts.columns(days, [one.n for one in answers])
        drawn = [{"label": "First answered", "drawn": counted, "is_time": False}]
        if len(days) <= charts.MOST_COLUMNS:
            medians = charts.columns(days, [round(one.median or 0) for one in answers])
            drawn.append({"label": "Time to answer, median", "drawn": medians, "is_time": True})
        return drawn


def _waits(line: Line, now: datetime) -> dict[str, Any]:
    """For how long, and whether that is beyond the skill's target."""
    waits = now - line.oldest if line.oldest else None
    is_late = waits is not None and waits > timedelta(minutes=line.target_minutes)
    return {"for": waits, "is_late": is_late}


def _sum(lines: list[Line], now: datetime) -> dict[str, Any]:
    oldest = min((line.oldest for line in lines if line.oldest), default=None)
    return {
        "waiting": sum(line.waiting for line in lines),
        "oldest": now - oldest if oldest else None,
        "open": sum(line.open for line in lines),
        "answered": sum(line.answered for line in lines),
    }
