"""Settings, Audit log: who changed what, and when."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import QueryDict

from accounts.audit_words import Change, changes_in_words, verb_words
from accounts.models import AuditEvent
from accounts.pages.base import SettingPage
from accounts.pages.forms import AuditFilter
from accounts.roles import ADMINISTER
from accounts.selectors import audit_events
from common.paging import query_without, read_rows


@dataclass(frozen=True, slots=True)
class Line:
    """One event as it is read."""

    event: AuditEvent
    did: str
    changes: list[Change]


class AuditLog(SettingPage):
    required_permission = ADMINISTER
    template_name = "accounts/settings/audit_log.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        query = self.request.GET
        form = AuditFilter(query)
        form.is_valid()
        found = _filtered(audit_events(self.account), form.cleaned_data, self.account.time_zone)
        page = read_rows(found, query, by="at")
        lines = [Line(row, verb_words(row.verb), changes_in_words(row)) for row in page.rows]
        return super().get_context_data(
            page=page, lines=lines, filter=form, pills=_pills(form, query), **kwargs
        )


def _filtered(
    events: "QuerySet[AuditEvent]", wanted: dict[str, Any], zone: str
) -> "QuerySet[AuditEvent]":
    """Days are those of the brand's clock; the last one is included."""
    if wanted.get("since"):
        events = events.filter(at__gte=_midnight(wanted["since"], zone))
    if wanted.get("until"):
        events = events.filter(at__lt=_midnight(wanted["until"] + timedelta(days=1), zone))
    if wanted.get("who"):
        events = events.filter(actor__icontains=wanted["who"])
    if wanted.get("what"):
        events = events.filter(verb=wanted["what"])
    return events


def _midnight(day: Any, zone: str) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone))


def _pills(form: AuditFilter, query: QueryDict) -> list[tuple[str, str, str]]:
    wanted = form.cleaned_data
    pills = []
    for name, label in (("since", "From"), ("until", "To"), ("who", "Who"), ("what", "What")):
        if wanted.get(name):
            value = verb_words(wanted[name]) if name == "what" else str(wanted[name])
            pills.append((label, value, query_without(query, name)))
    return pills
