"""Takes over the handoffs that LivePerson lists (``liveperson.md`` 1.10), under their own ids."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db import transaction

from accounts.models import Account, User
from common.errors import DomainError
from handoffs.models import MAX_LOOKBACK, Handoff
from handoffs.placeholders import placeholders
from handoffs.services import create_handoff


class Outcome(Enum):
    IMPORTED = "imported"
    PRESENT = "already here"
    SKIPPED = "skipped"
    REFUSED = "not imported"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one entry of the list; ``notes`` are sentences for people."""

    id: str
    outcome: Outcome
    notes: tuple[str, ...] = ()


class Unlistable(Exception):
    """The entry is no handoff as LivePerson lists it; the message says why."""


class NotInApp(Exception):
    """The entry is a handoff of other channels, which the message names."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One In-App handoff of the list, by our names."""

    id: str
    title: str
    app_names: list[str]
    text: str
    notification_title: str
    lookback: timedelta
    route_all_within_lookback: bool
    language: str
    is_active: bool
    notes: tuple[str, ...]


def import_handoffs(
    *, account: Account, entries: Sequence[Any], is_dry_run: bool, by: User | str, now: datetime
) -> list[Taken]:
    """Store what is In-App and not here yet; each entry alone, so that one never spoils another.

    An id that the account has, archived ones too, is left as it is: a second run changes nothing.
    A dry run tells the same and stores nothing.
    """
    with transaction.atomic():
        known = set(Handoff.objects.filter(account=account).values_list("public_id", flat=True))
        taken = [_take(account, entry, known, by=by, now=now) for entry in entries]
        transaction.set_rollback(is_dry_run)
    return taken


def _take(account: Account, entry: Any, known: set[str], *, by: User | str, now: datetime) -> Taken:
    own_id = _id_of(entry)
    if own_id in known:
        return Taken(own_id, Outcome.PRESENT)
    try:
        listed = read_entry(entry)
        _store(account, listed, by=by, now=now)
    except NotInApp as other:
        return Taken(own_id, Outcome.SKIPPED, (str(other),))
    except Unlistable as fault:
        return Taken(own_id, Outcome.REFUSED, (str(fault),))
    except DomainError as error:
        return Taken(own_id, Outcome.REFUSED, (_reason(error),))
    known.add(own_id)
    return Taken(own_id, Outcome.IMPORTED, listed.notes)


def _store(account: Account, listed: Listed, *, by: User | str, now: datetime) -> None:
    create_handoff(
        account=account,
        public_id=listed.id,
        title=listed.title,
        app_names=listed.app_names,
        text=listed.text,
        notification_title=listed.notification_title,
        lookback=listed.lookback,
        route_all_within_lookback=listed.route_all_within_lookback,
        language=listed.language,
        is_active=listed.is_active,
        by=by,
        now=now,
    )


def _reason(error: DomainError) -> str:
    return f"{error.pointer.lstrip('/')}: {error}" if error.pointer else str(error)


def _id_of(entry: Any) -> str:
    own_id = entry.get("id") if isinstance(entry, dict) else None
    return own_id if isinstance(own_id, str) else "an entry without id"


def read_entry(entry: Any) -> Listed:
    """:raises NotInApp: another channel's. :raises Unlistable: not the shape of 1.10."""
    handoff = _object(entry, "The entry")
    own_id = _text(handoff, "id")
    channel = _inapp_channel(handoff)
    components = [_object(one, "A component") for one in _list(channel, "messageComponents")]
    texts = [one for one in components if one.get("type") == "text"]
    if len(texts) != 1:
        raise Unlistable(f"It has {len(texts)} text components instead of one.")
    text, title = _text(texts[0], "messageText"), _text(texts[0], "notificationTitle", default="")
    return Listed(
        id=own_id,
        title=_text(handoff, "name"),
        app_names=_texts(channel, "appNames"),
        text=text,
        notification_title=title,
        lookback=_lookback(handoff),
        route_all_within_lookback=handoff.get("routeAllWithinLookback") is True,
        language=_text(channel, "language", default="en"),
        is_active=handoff.get("isActive") is not False,
        notes=tuple(_losses(components, kept=f"{title} {text}")),
    )


def _inapp_channel(handoff: dict[str, Any]) -> dict[str, Any]:
    channels = [_object(one, "A channel") for one in _list(handoff, "channels")]
    words = [_text(one, "type") for one in channels]
    if words != ["inapp"]:
        raise NotInApp(f"Its channels: {', '.join(words) or 'none'}.")
    return channels[0]


def _lookback(handoff: dict[str, Any]) -> timedelta:
    """Both absent means LivePerson's default, which is ours too."""
    days, hours = handoff.get("lookbackPeriodDay"), handoff.get("lookbackPeriodHour")
    if days is None and hours is None:
        return MAX_LOOKBACK
    return timedelta(
        days=_count(days, "lookbackPeriodDay", most=30),
        hours=_count(hours, "lookbackPeriodHour", most=23),
    )


def _count(value: Any, name: str, *, most: int) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise Unlistable(f"{name} is no number from 0 to {most}.")
    return value


def _losses(components: Sequence[dict[str, Any]], *, kept: str) -> Iterator[str]:
    """What LivePerson does with the handoff and we do not."""
    for one in components:
        if one.get("type") != "text":
            yield f"The component {one.get('type')!r} is left out: messages are text."
        elif one.get("notificationMessage") not in (None, "", one["messageText"]):
            yield "Its notification had a text of its own; here it shows the message."
    lost = sorted(_variables(components) - set(placeholders(kept)))
    if lost:
        names = ", ".join(str(number) for number in lost)
        yield f"Calls must no longer send these variables: {names}."


def _variables(components: Sequence[dict[str, Any]]) -> set[int]:
    values = [value for one in components for value in one.values() if isinstance(value, str)]
    return {number for value in values for number in placeholders(value)}


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unlistable(f"{what} is no object.")
    return value


def _list(data: dict[str, Any], name: str) -> list[Any]:
    value = data.get(name)
    if not isinstance(value, list):
        raise Unlistable(f"{name} is no list.")
    return value


def _text(data: dict[str, Any], name: str, *, default: str | None = None) -> str:
    value = data.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise Unlistable(f"{name} is no text.")
    return value


def _texts(data: dict[str, Any], name: str) -> list[str]:
    values = _list(data, name)
    if not all(isinstance(value, str) for value in values):
        raise Unlistable(f"{name} is no list of texts.")
    return values
