"""Create, edit and archive handoffs.

Whether somebody may is asked before, through `accounts.permissions`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from accounts.audit import changes_between, record
from accounts.models import Account, User
from common.errors import Conflict, DomainError
from handoffs.models import MAX_LOOKBACK, Channel, DeviceChoice, Handoff, Kind
from handoffs.rules import check, tidy

# What was said to consumers is not written into the audit log, only how long it was.
TEXTS = ("text", "notification_title")
# The account, the kind and the id stay for good.
EDITABLE = (
    "title",
    "channels",
    "app_names",
    *TEXTS,
    "lookback",
    "push_when_logged_in",
    "push_when_logged_out",
    "device_choice",
    "route_all_within_lookback",
    "language",
    "is_active",
)


class TitleTaken(DomainError):
    """Another handoff of the account has this title, in whatever case."""

    key = "title_taken"


class HandoffIdTaken(DomainError):
    """Another handoff of the account, live or archived, has this id."""

    key = "handoff_id_taken"


class HandoffArchived(Conflict):
    """An archived handoff is history."""

    key = "handoff_archived"


class HandoffChanged(Conflict):
    """Somebody else changed the handoff since it was read."""


def create_handoff(
    *,
    account: Account,
    title: str,
    app_names: Sequence[str],
    text: str,
    notification_title: str = "",
    lookback: timedelta = MAX_LOOKBACK,
    push_when_logged_in: bool = True,
    push_when_logged_out: bool = True,
    device_choice: str = DeviceChoice.NEWEST,
    route_all_within_lookback: bool = False,
    language: str = "en",
    is_active: bool = True,
    kind: str = Kind.PROACTIVE,
    channels: Sequence[str] = (Channel.INAPP,),
    public_id: str | None = None,
    by: User | str,
    now: datetime,
) -> Handoff:
    """Store a new handoff. ``public_id`` is for a brand that moves here and keeps its own.

    :raises DomainError: `TitleTaken`, `HandoffIdTaken`, or one of `handoffs.rules`.
    """
    own_id = {} if public_id is None else {"public_id": public_id}
    handoff = Handoff(
        account=account,
        title=title,
        app_names=app_names,
        text=text,
        notification_title=notification_title,
        lookback=lookback,
        push_when_logged_in=push_when_logged_in,
        push_when_logged_out=push_when_logged_out,
        device_choice=device_choice,
        route_all_within_lookback=route_all_within_lookback,
        language=language,
        is_active=is_active,
        kind=kind,
        channels=channels,
        created_at=now,
        updated_at=now,
        **own_id,
    )
    with transaction.atomic():
        _check_and_save(handoff)
        _record("handoff_created", handoff, before={}, by=by)
    return handoff


@transaction.atomic
def edit_handoff(
    *,
    handoff: Handoff,
    changes: Mapping[str, Any],
    seen_at: datetime | None = None,
    by: User | str,
    now: datetime,
) -> Handoff:
    """Change the fields that are named, which must be in EDITABLE, and no other.

    What was sent stays as it was: a campaign holds its own snapshot (B5). ``seen_at`` is the
    handoff's ``updated_at`` that the changes were made upon, for those who must know.

    :raises HandoffChanged: it was changed since ``seen_at``; nothing was stored.
    :raises HandoffArchived: it was archived.
    :raises DomainError: as `create_handoff`.
    """
    fixed = set(changes) - set(EDITABLE)
    if fixed:
        raise ValueError(f"Not editable: {', '.join(sorted(fixed))}.")
    current = _lock_live(handoff)
    if seen_at is not None and current.updated_at != seen_at:
        raise HandoffChanged("Somebody changed this handoff while you were editing it.")
    before = _values(current)
    for name, value in changes.items():
        setattr(current, name, value)
    current.updated_at = now
    _check_and_save(current)
    _record("handoff_edited", current, before=before, by=by)
    return current


@transaction.atomic
def archive_handoff(*, handoff: Handoff, by: User | str, now: datetime) -> Handoff:
    """Take it out of use for good; its row stays.

    Only `campaigns.services.archive_handoff` calls this: it knows whether campaigns are still
    going out (B5).

    :raises HandoffArchived: it was archived before.
    """
    current = _lock_live(handoff)
    current.archived_at, current.archived_by = now, str(by)
    current.save(update_fields=["archived_at", "archived_by"])
    record(by=by, account=current.account, verb="handoff_archived", target=current)
    return current


def check_title_is_free(handoff: Handoff) -> None:
    """For a form that wants to say so before it saves; when saving, the database decides.

    :raises TitleTaken: another live handoff of the account has it.
    """
    same = Handoff.objects.live().filter(account=handoff.account, title__iexact=handoff.title)
    if same.exclude(pk=handoff.pk).exists():
        raise _title_taken()


def _title_taken() -> TitleTaken:
    return TitleTaken("Another handoff has this title. Choose another.", pointer="/title")


def _lock_live(handoff: Handoff) -> Handoff:
    rows = Handoff.objects.select_for_update(of=["self"], no_key=True).select_related("account")
    current = rows.get(pk=handoff.pk)
    if current.archived_at is not None:
        raise HandoffArchived("This handoff has been archived. Make a new one.")
    return current


def _check_and_save(handoff: Handoff) -> None:
    tidy(handoff)
    check(handoff)
    with _names_of_conflicts():
        handoff.save()


@contextmanager
def _names_of_conflicts() -> Iterator[None]:
    """The database decides what is unique, so that two people at once get the same answer."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "handoff_title_unique" in str(error):
            raise _title_taken() from error
        if "handoff_id_unique" in str(error):
            raise HandoffIdTaken(
                "Another handoff has this id, perhaps an archived one.", pointer="/id"
            ) from error
        raise


def _values(handoff: Handoff) -> dict[str, Any]:
    return {name: getattr(handoff, name) for name in EDITABLE}


def _record(verb: str, handoff: Handoff, *, before: Mapping[str, Any], by: User | str) -> None:
    changes: dict[str, Sequence[Any]] = dict(changes_between(before, _values(handoff)))
    for name in set(TEXTS) & set(changes):
        changes[name] = [f"{len(value or '')} characters" for value in changes[name]]
    if changes:
        record(by=by, account=handoff.account, verb=verb, target=handoff, changes=changes)
