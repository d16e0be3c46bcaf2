"""What the list of campaigns is narrowed by; all of it is in its URL."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import F, Value
from django.http import QueryDict
from django.utils.functional import cached_property

from accounts.models import Account
from campaigns.daily import Span
from campaigns.listing import CampaignFilter
from common import ranges
from common.paging import query_without
from conversations.models import Source
from handoffs.models import Kind

DEFAULT_RANGE, ANY_TIME = "7d", "any"
# Of the API's words, with those that a chip tells apart.
STATUSES = (
    ("scheduled", "Scheduled"),
    ("sending", "Queued or sending"),
    ("completed", "Completed or failed"),
    ("cancelled", "Cancelled"),
)
_SOURCES = {Kind.PROACTIVE: Source.API, Kind.IVR: Source.IVR}


@dataclass(frozen=True, slots=True)
class Pill:
    """A filter that is on, and the query without it."""

    field: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last day of a list; None is open."""

    words: str
    first: date | None
    last: date | None


def _day(label: str) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    known = [MinValueValidator(ranges.FIRST_DAY), MaxValueValidator(ranges.LAST_DAY)]
    return forms.DateField(required=False, widget=widget, label=label, validators=known)


class CampaignFilters(forms.Form):
    """A value that is none narrows nothing, and is told beside its field."""

    status = forms.ChoiceField(required=False, choices=[("", "Any"), *STATUSES])
    handoff = forms.ChoiceField(required=False)
    skill = forms.ChoiceField(required=False)
    kind = forms.ChoiceField(required=False, choices=Kind.choices)
    range = forms.CharField(required=False, max_length=10)
    q = forms.CharField(required=False, max_length=255)

    def __init__(self, query: QueryDict, *, account: Account, now: datetime) -> None:
        super().__init__(query, auto_id="filter-%s")
        self.fields.update({"from": _day("First day"), "to": _day("Last day")})
        self._query = query
        self._zone = ZoneInfo(account.time_zone)
        self._today = now.astimezone(self._zone).date()
        self._handoffs, self._skills = _named(account)
        self._choose("handoff", [(word, title) for word, (_, title) in self._handoffs.items()])
        self._choose("skill", [(name, name) for name in self._skills])
        self.is_valid()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, last = given.get("from"), given.get("to")
        if first and last and last < first:
            self.add_error("to", "This day is before the first one.")
        return given

    @cached_property
    def days(self) -> Days:
        first, last = self._value("from"), self._value("to")
        if first or last:
            return Days(_day_words(first, last), first, last)
        if self.range_name == ANY_TIME:
            return Days("Any time", None, None)
        chosen = ranges.preset(self.range_name, self._today)
        return Days(chosen.words, chosen.first, None)

    @property
    def range_name(self) -> str:
        """The preset that is on; empty for days that were typed."""
        if self._value("from") or self._value("to"):
            return ""
        name = str(self._value("range") or "")
        known = {one.key for one in self._presets} | {ANY_TIME}
        return name if name in known else DEFAULT_RANGE

    @property
    def presets(self) -> list[tuple[str, str, bool]]:
        """Label, query and whether it is on, of each range."""
        rest = query_without(self._query, "range", "from", "to").removeprefix("?")
        named = [(one.key, one.words) for one in self._presets]
        return [
            (words, f"?{rest}&range={key}" if rest else f"?range={key}", key == self.range_name)
            for key, words in [*named, (ANY_TIME, "Any time")]
        ]

    @property
    def kinds(self) -> list[tuple[str, str, bool]]:
        """Likewise of each kind of campaign; what is narrowed by a handoff is of its kind."""
        rest = query_without(self._query, "kind", "handoff").removeprefix("?")
        return [
            (str(words), f"?{rest}&kind={key}" if rest else f"?kind={key}", key == self.chosen_kind)
            for key, words in Kind.choices
        ]

    @property
    def chosen_kind(self) -> Kind:
        return Kind(self._value("kind") or Kind.PROACTIVE)

    @property
    def wanted(self) -> CampaignFilter:
        days = self.days
        return CampaignFilter(
            status=self._value("status"),
            handoff_id=self._value("handoff"),
            skill=self._value("skill"),
            text=self._value("q"),
            source=_SOURCES[self.chosen_kind],
            since=self._midnight(days.first) if days.first else None,
            until=self._midnight(days.last + timedelta(days=1)) if days.last else None,
        )

    @property
    def span(self) -> Span:
        """For figures, which are by day and not narrowed by status and search."""
        handoff = self._handoffs.get(self._value("handoff"))
        return Span(
            first=self.days.first or ranges.FIRST_DAY,
            last=self.days.last or self._today + timedelta(days=1),
            kind=self.chosen_kind,
            handoff_id=handoff[0] if handoff else None,
            skill_id=self._skills.get(self._value("skill")),
        )

    @property
    def pills(self) -> list[Pill]:
        return [
            Pill(name.title(), label, query_without(self._query, name))
            for name in ("status", "handoff", "skill")
            if (label := self._label(name))
        ]

    @property
    def is_narrowed(self) -> bool:
        return any(self._value(name) for name in ("status", "handoff", "skill", "kind", "q"))

    @property
    def is_less_than_counted(self) -> bool:
        """Whether the list shows fewer campaigns than the figures are of."""
        return bool(self._value("status") or self._value("q"))

    @property
    def kept_by_search(self) -> list[tuple[str, str]]:
        return self._kept_beside("q")

    @property
    def kept_by_days(self) -> list[tuple[str, str]]:
        return self._kept_beside("range", "from", "to")

    @property
    def kept_by_fields(self) -> list[tuple[str, str]]:
        return self._kept_beside("status", "handoff", "skill")

    def _kept_beside(self, *names: str) -> list[tuple[str, str]]:
        """What is on besides these fields, to be sent along by a form of them."""
        others = [name for name in self.fields if name not in names]
        return [(name, str(self._query[name])) for name in others if self._query.get(name)]

    @cached_property
    def _presets(self) -> list[ranges.Range]:
        return ranges.presets(self._today)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone).astimezone(UTC)

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Any"), *choices]

    def _value(self, name: str) -> Any:
        return self.cleaned_data.get(name) or None

    def _label(self, name: str) -> str:
        """The words of what was chosen; empty where nothing was."""
        value = self._value(name)
        choices: Any = self.fields[name].choices  # type: ignore[attr-defined]
        return str(dict(choices)[value]) if value else ""


def _named(account: Account) -> tuple[dict[str, tuple[int, str]], dict[str, int]]:
    """Handoffs by id, with key and title; skills by name, with key; all of them in one query."""
    of_handoffs = account.handoffs.annotate(of=Value("handoff"))
    of_skills = account.skills.annotate(of=Value("skill"), word=F("name"))
    rows = of_handoffs.values_list("of", "public_id", "pk", "title").union(
        of_skills.values_list("of", "word", "pk", "name"), all=True
    )
    handoffs, skills = {}, {}
    for of, word, pk, title in sorted(rows, key=lambda row: row[3]):
        if of == "handoff":
            handoffs[word] = (pk, title)
        else:
            skills[word] = pk
    return handoffs, skills


def _day_words(first: date | None, last: date | None) -> str:
    if first and last:
        return f"{first:%d %b %Y} – {last:%d %b %Y}"
    return f"From {first:%d %b %Y}" if first else f"To {last:%d %b %Y}"
