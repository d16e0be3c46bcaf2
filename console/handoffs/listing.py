"""The list of API handoffs, with the half-made ones on top."""

from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.http import urlencode
from django.views.generic import TemplateView

from accounts.models import AuditEvent
from accounts.permissions import AccountPermissionMixin
from accounts.roles import MANAGE_HANDOFFS
from campaigns.selectors import count_campaigns_by_handoff
from handoffs.models import Channel, Handoff, Kind
from handoffs.selectors import (
    ORDERS,
    STATES,
    HandoffFilter,
    find_drafts,
    find_handoffs,
    last_changes,
)

PAGE_SIZE = 50
RECENTLY = timedelta(days=30)
# The filter's fields, their words, and the words of what can be chosen.
CHOICES = {
    "state": ("State", STATES),
    "kind": ("Kind", dict(Kind.choices)),
    "channel": ("Channel", dict(Channel.choices)),
    "order": ("Sorted by", ORDERS),
}


@dataclass(frozen=True, slots=True)
class Row:
    handoff: Handoff
    channels: list[str]
    campaigns: int
    changed: AuditEvent | None


@dataclass(frozen=True, slots=True)
class Pill:
    """A filter that is on, and the list without it."""

    field: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter that can be set."""

    name: str
    label: str
    options: list[tuple[str, str]]
    chosen: str


class HandoffList(AccountPermissionMixin, TemplateView):
    required_permission = MANAGE_HANDOFFS
    template_name = "console/handoffs/list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        chosen, page = read_filter(self.request.GET), read_page(self.request.GET)
        first = (page - 1) * PAGE_SIZE
        found = list(find_handoffs(self.account, chosen)[first : first + PAGE_SIZE + 1])
        return super().get_context_data(
            **kwargs,
            rows=self._rows(found[:PAGE_SIZE]),
            drafts=find_drafts(self.account) if page == 1 else [],
            chosen=chosen,
            pills=_pills(chosen),
            choices=_choices(chosen),
            newer=link(chosen, page - 1) if page > 1 else "",
            older=link(chosen, page + 1) if len(found) > PAGE_SIZE else "",
        )

    def _rows(self, handoffs: list[Handoff]) -> list[Row]:
        counts = count_campaigns_by_handoff(handoffs, since=timezone.now() - RECENTLY)
        changes = last_changes(self.account, handoffs)
        return [
            Row(
                handoff,
                [Channel(channel).label for channel in handoff.channels],
                counts.get(handoff.pk, 0),
                changes.get(handoff.pk),
            )
            for handoff in handoffs
        ]


def read_filter(query: QueryDict) -> HandoffFilter:
    """What nobody could have chosen is left out."""
    known = {
        name: value
        for name, (_, options) in CHOICES.items()
        if (value := query.get(name, "")) in options
    }
    words = query.get("q", "").replace("\0", "").strip()[:255]
    return HandoffFilter(words=words, **known)


def read_page(query: QueryDict) -> int:
    given = query.get("page", "")
    is_page = given.isascii() and given.isdigit() and len(given) <= 5
    return max(1, int(given)) if is_page else 1


def link(chosen: HandoffFilter, page: int = 1) -> str:
    """The list with this filter, relative to itself."""
    fields = asdict(chosen)
    words = fields.pop("words")
    query = {"q": words, **fields, "page": page if page > 1 else ""}
    return "?" + urlencode({name: value for name, value in query.items() if value})


def _pills(chosen: HandoffFilter) -> list[Pill]:
    pills = [
        Pill(label, options[value], link(replace(chosen, **{name: ""})))
        for name, (label, options) in CHOICES.items()
        if (value := getattr(chosen, name))
    ]
    if chosen.words:
        pills.append(Pill("Search", chosen.words, link(replace(chosen, words=""))))
    return pills


def _choices(chosen: HandoffFilter) -> list[Choice]:
    return [
        Choice(name, label, [("", "Any"), *options.items()], getattr(chosen, name))
        if "" not in options
        else Choice(name, label, list(options.items()), getattr(chosen, name))
        for name, (label, options) in CHOICES.items()
    ]
