"""Handoffs in the making: kept as they are typed, until they are made or dropped."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.audit import record
from accounts.models import Account, User
from common.errors import Conflict
from handoffs.models import Handoff, HandoffDraft, Kind, Step
from handoffs.services import create_handoff

MAX_DRAFTS = 50
_ORDER = list(Step)


class TooManyDrafts(Conflict):
    """The account has so many drafts that nobody will finish them."""


def start_draft(
    *,
    account: Account,
    kind: str = Kind.PROACTIVE,
    data: Mapping[str, Any],
    step: Step = Step.MESSAGE,
    by: User | str,
    now: datetime,
) -> HandoffDraft:
    """Store a new draft.

    :raises TooManyDrafts: there are MAX_DRAFTS of the account.
    """
    if account.handoff_drafts.count() >= MAX_DRAFTS:
        raise TooManyDrafts(f"There are {MAX_DRAFTS} drafts. Finish or drop one of them first.")
    return HandoffDraft.objects.create(
        account=account,
        kind=kind,
        data=dict(data),
        step=step,
        by=str(by),
        created_at=now,
        updated_at=now,
    )


def save_draft(
    *,
    draft: HandoffDraft,
    data: Mapping[str, Any],
    reached: Step,
    kind: str | None = None,
    by: User | str,
    now: datetime,
) -> HandoffDraft:
    """Keep what was typed into one step; what other steps hold stays.

    :raises HandoffDraft.DoesNotExist: it was made or dropped meanwhile.
    """
    with transaction.atomic():
        current = HandoffDraft.objects.select_for_update().get(pk=draft.pk)
        current.data = {**current.data, **data}
        current.kind = kind or current.kind
        current.step = max(Step(current.step), reached, key=_ORDER.index)
        current.by, current.updated_at = str(by), now
        current.save()
    return current


@transaction.atomic
def drop_draft(*, draft: HandoffDraft, by: User | str) -> None:
    record(by=by, account=draft.account, verb="handoff_draft_dropped", target=draft)
    draft.delete()


@transaction.atomic
def finish_draft(
    *, draft: HandoffDraft, values: Mapping[str, Any], by: User | str, now: datetime
) -> Handoff:
    """Make the handoff with these values, by the names of its fields; the draft is gone then.

    :raises HandoffDraft.DoesNotExist: it was made or dropped meanwhile.
    :raises DomainError: as `create_handoff`; the draft stays.
    """
    current = HandoffDraft.objects.select_for_update().get(pk=draft.pk)
    handoff = create_handoff(account=draft.account, kind=current.kind, by=by, now=now, **values)
    current.delete()
    return handoff


def copy_handoff(*, handoff: Handoff, by: User | str, now: datetime) -> HandoffDraft:
    """A draft with all that the handoff says, for somebody to change and to finish (B6).

    :raises TooManyDrafts: as `start_draft`.
    """
    data = {**typed_in(handoff), "title": f"Copy of {handoff.title}"[:255]}
    return start_draft(
        account=handoff.account, kind=handoff.kind, data=data, step=Step.REVIEW, by=by, now=now
    )


def typed_in(handoff: Handoff) -> dict[str, Any]:
    """The handoff as a person would have typed it into the steps."""
    days, hours = handoff.lookback_days_hours
    return {
        "channels": list(handoff.channels),
        "title": handoff.title,
        "app_names": list(handoff.app_names),
        "notification_title": handoff.notification_title,
        "text": handoff.text,
        "language": handoff.language,
        "days": str(days),
        "hours": str(hours),
        "push_when_logged_in": "on" if handoff.push_when_logged_in else "",
        "push_when_logged_out": "on" if handoff.push_when_logged_out else "",
        "device_choice": handoff.device_choice,
        "route_all_within_lookback": "on" if handoff.route_all_within_lookback else "",
        "is_active": "on" if handoff.is_active else "",
    }
