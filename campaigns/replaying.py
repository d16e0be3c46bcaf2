"""Sends again what failed, by hand: never past the lookback, never what arrived, never twice (D8).

A message keeps its identity, so a phone that showed it after all shows it once. Its tries begin
anew, its timeline goes on (docs/adr/0020-replays-in-the-ledger.md).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.db.models.functions import Now

from accounts.audit import record
from accounts.models import Account, User
from campaigns.dead_letters import DeadLetterFilter, find_dead_letters, why_not
from campaigns.models import (
    Campaign,
    CampaignTally,
    EventKind,
    MessageEvent,
    OutboundMessage,
    State,
)
from campaigns.tasks import wake
from conversations.services import reopen_routes

# Of one call, which is one transaction.
MOST_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Replay:
    """``refused`` by reason; ``is_complete``: nothing of the selection is left for another call."""

    replayed: int
    refused: Mapping[str, int]
    is_complete: bool = True


def plan_replay(*, account: Account, wanted: DeadLetterFilter, now: datetime) -> Replay:
    """What a replay would do; nothing is changed."""
    counts = Counter(_judged(account, wanted, now))
    return Replay(counts.pop("", 0), counts)


@transaction.atomic
def replay_messages(
    *,
    account: Account,
    wanted: DeadLetterFilter,
    by: str | User,
    now: datetime,
    limit: int = MOST_AT_ONCE,
) -> Replay:
    """Queue the selected dead letters again, ``limit`` at most; say why the others are not.

    Workers are woken after the commit.
    """
    counts = _judged(account, wanted, now)
    candidates = _candidates(account, wanted).alias(why=why_not(wanted, now=now)).filter(why="")
    ids = list(candidates.order_by("pk").values_list("pk", flat=True)[: limit + 1])
    # Locked in order, and judged again: another replay may have been here first.
    locked = list(
        OutboundMessage.objects.filter(pk__in=ids[:limit])
        .select_for_update(of=("self",))
        .select_related("campaign")
        .annotate(why=why_not(wanted, now=now))
        .order_by("pk")
    )
    going = [message for message in locked if not message.why]
    refused = Counter(counts)
    refused.pop("", None)
    refused.update(message.why for message in locked if message.why)
    if going:
        _queue(going, now)
        _audit(account, wanted, len(going), by)
        transaction.on_commit(partial(wake, {message.lane for message in going}))
    return Replay(len(going), dict(refused), is_complete=len(ids) <= limit)


def _candidates(account: Account, wanted: DeadLetterFilter) -> QuerySet[OutboundMessage]:
    if wanted.message_ids is None:
        return find_dead_letters(account, wanted)
    return OutboundMessage.objects.filter(account=account, public_id__in=wanted.message_ids)


def _judged(account: Account, wanted: DeadLetterFilter, now: datetime) -> dict[str, int]:
    rows = _candidates(account, wanted).annotate(why=why_not(wanted, now=now))
    counts = dict(rows.values_list("why").annotate(n=Count("pk")).order_by())
    if wanted.message_ids is not None:
        unknown = len(set(wanted.message_ids)) - sum(counts.values())
        if unknown:
            counts["unknown"] = unknown
    return counts


def _queue(going: Sequence[OutboundMessage], now: datetime) -> None:
    """Messages, then routes, then campaigns: the order in which others lock them."""
    OutboundMessage.objects.filter(pk__in=[message.pk for message in going]).update(
        state=State.QUEUED,
        reason="",
        attempts=0,
        replays=F("replays") + 1,
        due_at=Now(),
        finished_at=None,
    )
    MessageEvent.objects.bulk_create(
        MessageEvent(
            account_id=message.account_id,
            message=message,
            at=now,
            kind=EventKind.REPLAYED,
            fence=message.fence,
            reason=message.reason,
        )
        for message in going
    )
    CampaignTally.objects.bulk_create(_uncounted(going))
    reopen_routes(message_ids=[message.public_id for message in going])
    campaigns = sorted({message.campaign_id for message in going})
    for campaign_id in campaigns:
        Campaign.objects.filter(pk=campaign_id).update(replays=F("replays") + 1)


def _uncounted(going: Sequence[OutboundMessage]) -> list[CampaignTally]:
    """Takes back what was counted when these failed (I9)."""
    counts = Counter((message.campaign, message.app_name, message.reason) for message in going)
    return [
        CampaignTally(
            account_id=campaign.account_id,
            campaign=campaign,
            app_name=app_name,
            handoff_id=campaign.handoff_id,
            skill_id=campaign.skill_id,
            day=campaign.created_at.date(),
            state=State.FAILED,
            reason=reason,
            n=-n,
        )
        for (campaign, app_name, reason), n in counts.items()
    ]


def _audit(account: Account, wanted: DeadLetterFilter, count: int, by: str | User) -> None:
    narrowed = {
        "reason": wanted.reason,
        "provider": wanted.provider,
        "app": wanted.app_name,
        "campaign": wanted.campaign_id,
    }
    changes = {name: [None, value] for name, value in narrowed.items() if value}
    record(
        by=by,
        account=account,
        verb="messages_replayed",
        target=account,
        changes={**changes, "replayed": [0, count]},
    )
