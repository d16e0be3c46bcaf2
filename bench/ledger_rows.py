"""Rows of the ledger for measurements in one process: stored, claimed, settled, with the time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic, process_time
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from bench.report import Side
from bench.world import TEXT, World
from campaigns import accepting, ledger
from campaigns.accepting import NewMessage
from campaigns.ledger import Claimed, Settled
from campaigns.models import Campaign, State
from common.ids import uuid7

T = TypeVar("T")
LEASE = timedelta(minutes=5)
LANE = "proxy"
LOOKBACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Time:
    """Seconds; the CPU is this process's alone."""

    wall: float
    cpu: float

    def rate(self, rows: int) -> Side:
        return Side(rows / self.wall, "rows/s", self.cpu / rows)

    def cost(self, rows: int) -> Side:
        return Side(self.wall / rows, "seconds", self.cpu / rows)


def timed(work: Callable[[], T]) -> tuple[T, Time]:
    cpu, began = process_time(), monotonic()
    result = work()
    return result, Time(monotonic() - began, process_time() - cpu)


def new_campaign(world: World, recipients: int) -> Campaign:
    return Campaign.objects.create(
        account=world.account,
        le_campaign_id=1,
        le_engagement_id=2,
        trace_id=uuid7(),
        name="Card renewal",
        handoff=world.handoff,
        skill=world.skill,
        skill_name=world.skill.name,
        handoff_snapshot=world.handoff.snapshot(),
        requested=recipients,
        accepted=recipients,
    )


def insert(world: World, campaign: Campaign, refs: Sequence[str]) -> None:
    """What accepting does for its recipients."""
    now = timezone.now()
    with transaction.atomic():
        accepting.insert_messages(
            account_id=world.account.pk,
            campaign_id=campaign.pk,
            app_names=[world.app.bundle_id],
            messages=[
                NewMessage(uuid7(), ref, "", TEXT.format(name=ref), now + LOOKBACK) for ref in refs
            ],
            now=now,
        )


def insert_calls(world: World, campaigns: Sequence[Campaign], refs: Sequence[str]) -> None:
    """The same recipients for each campaign, a transaction for each."""
    for campaign in campaigns:
        insert(world, campaign, refs)


def claim(limit: int) -> list[Claimed]:
    return ledger.claim(lane=LANE, limit=limit, lease=LEASE)


def settle(rows: Sequence[Claimed], *, at_once: int) -> None:
    """What recording does for pushes that were accepted, its tallies with it."""
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        settled = [
            Settled(row.id, row.fence, State.SENT, app_name="com.brand.app", started=1)
            for row in part
        ]
        with transaction.atomic():
            kept = ledger.settle(settled, now=timezone.now())
        assert len(kept) == len(part)
