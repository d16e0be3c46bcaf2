"""Reads of handoffs for other systems."""

from accounts.models import Account
from handoffs.models import Handoff, HandoffQuerySet


def listed_handoffs(account: Account, channel: str | None = None) -> HandoffQuerySet:
    """The account's live proactive handoffs, the oldest first so that pages stay as they are."""
    handoffs = Handoff.objects.live().proactive().filter(account=account)
    if channel is not None:
        handoffs = handoffs.filter(channels__contains=[channel])
    return handoffs.order_by("pk")
