"""Reads of handoffs: for other systems, and for the pages of the account's people."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models import Account, AuditEvent
from handoffs.models import Channel, Handoff, HandoffDraft, HandoffQuerySet, Kind

# What is said of a handoff in the audit log when it is changed.
CHANGES = ("handoff_created", "handoff_edited", "handoff_archived")


def listed_handoffs(account: Account, channel: str | None = None) -> HandoffQuerySet:
    """The account's live proactive handoffs, the oldest first so that pages stay as they are."""
    handoffs = Handoff.objects.live().proactive().filter(account=account)
    if channel is not None:
        handoffs = handoffs.filter(channels__contains=[channel])
    return handoffs.order_by("pk")


@dataclass(frozen=True, slots=True)
class HandoffFilter:
    """What a list is narrowed down to; empty is everything that is not archived."""

    words: str = ""
    channel: str = ""
    kind: str = ""
    state: str = ""
    order: str = ""


STATES = {"active": "Switched on", "off": "Switched off", "archived": "Archived"}
ORDERS = {"": "Changed last", "title": "Title"}


def find_handoffs(account: Account, chosen: HandoffFilter) -> HandoffQuerySet:
    """The account's handoffs as a person looks for them."""
    found = Handoff.objects.filter(account=account)
    found = found.archived() if chosen.state == "archived" else found.live()
    if chosen.state in {"active", "off"}:
        found = found.filter(is_active=chosen.state == "active")
    if chosen.channel in Channel.values:
        found = found.filter(channels__contains=[chosen.channel])
    if chosen.kind in Kind.values:
        found = found.filter(kind=chosen.kind)
    if chosen.words:
        found = found.filter(
            Q(title__icontains=chosen.words) | Q(public_id__iexact=chosen.words.strip())
        )
    if chosen.order == "title":
        return found.order_by(Lower("title"), "pk")
    return found.order_by("-updated_at", "-pk")


def find_drafts(account: Account) -> list[HandoffDraft]:
    """The account's drafts, the one that was worked on last first."""
    return list(account.handoff_drafts.order_by("-updated_at", "-pk"))


def last_changes(account: Account, handoffs: Iterable[Handoff]) -> dict[int, AuditEvent]:
    """Who changed each of the handoffs last, by its primary key."""
    events = AuditEvent.objects.filter(
        account_number=account.number,
        target_type="handoff",
        target_id__in=[str(handoff.pk) for handoff in handoffs],
        verb__in=CHANGES,
    )
    newest = events.order_by("target_id", "-at", "-pk").distinct("target_id")
    return {int(event.target_id): event for event in newest}
