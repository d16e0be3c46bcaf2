"""A handoff's versions: who changed what and when, as the audit log has it (B6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_duration

from accounts.models import AuditEvent
from common.template_words import duration
from handoffs.models import Channel, DeviceChoice, Handoff
from handoffs.selectors import CHANGES
from handoffs.services import TEXTS

SHOWN = 50
VERBS = {"handoff_created": "Made", "handoff_edited": "Changed", "handoff_archived": "Archived"}
WORDS = {
    "title": "Title",
    "channels": "Channel",
    "app_names": "Apps",
    "text": "Message",
    "notification_title": "Notification title",
    "lookback": "Lookback",
    "push_when_logged_in": "Push when signed in",
    "push_when_logged_out": "Push when signed out",
    "device_choice": "Devices",
    "route_all_within_lookback": "All conversations within the lookback",
    "language": "Language",
    "is_active": "Switched on",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field, in words. Of a text only its length is kept."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    """``number`` counts what was made and changed, from 1; None for archiving."""

    number: int | None
    verb: str
    by: str
    at: datetime
    changes: Sequence[Change]


def versions_of(handoff: Handoff) -> list[Version]:
    """The newest first; at most SHOWN of them."""
    events = AuditEvent.objects.filter(
        account_number=handoff.account.number,
        target_type="handoff",
        target_id=str(handoff.pk),
        verb__in=CHANGES,
    ).order_by("-at", "-pk")
    newest = list(events[:SHOWN])
    counted = events.exclude(verb="handoff_archived").count() if len(newest) == SHOWN else None
    number = _count(newest) if counted is None else counted
    versions = []
    for event in newest:
        is_end = event.verb == "handoff_archived"
        versions.append(_version(event, None if is_end else number))
        number -= not is_end
    return versions


def _count(events: Sequence[AuditEvent]) -> int:
    return sum(event.verb != "handoff_archived" for event in events)


def _version(event: AuditEvent, number: int | None) -> Version:
    is_edit = event.verb == "handoff_edited"
    changes = [
        Change(WORDS[name], in_words(name, before), in_words(name, after))
        for name, (before, after) in event.changes.items()
        if is_edit and name in WORDS
    ]
    return Version(number, VERBS[event.verb], event.actor, event.at, changes)


def in_words(field: str, value: Any) -> str:
    """A field's value for people, whether it comes from the log or from the handoff itself."""
    if field in TEXTS or value is None:
        return str(value or "")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field == "lookback":
        return duration(value if isinstance(value, timedelta) else parse_duration(value))
    if field == "device_choice":
        return str(DeviceChoice(value).label)
    if field == "channels":
        return ", ".join(Channel(one).label for one in value)
    return ", ".join(value) if isinstance(value, list) else str(value)
