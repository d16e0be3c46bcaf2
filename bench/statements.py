"""The ledger's own statements against Django's: insert 100, settle 500."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from bench.history import start_over
from bench.ledger_rows import LANE, LOOKBACK, claim, insert_calls, new_campaign, settle, timed
from bench.report import Finding, Goal, Round
from bench.size import Size
from bench.world import TEXT, World
from campaigns.models import Campaign, OutboundMessage, State

INSERT = Goal("insert", 2)
SETTLE = Goal("status-update", 15)
CALL, BATCH = 100, 500
REPEATS = 5
UPDATED = ["state", "reason", "attempts", "app_name", "finished_at"]


def measure_statements(world: World, size: Size) -> list[Finding]:
    start_over(world)
    _insert_round(world)
    inserts = [_insert_round(world) for _ in range(size.statement_rounds)]
    start_over(world)
    _settle_round(world)
    updates = [_settle_round(world) for _ in range(size.statement_rounds)]
    return [
        Finding(INSERT, inserts, f"bulk_create({CALL}), the objects made meanwhile"),
        Finding(SETTLE, updates, f"bulk_update({BATCH}), the objects at hand, no tallies"),
    ]


def _insert_round(world: World) -> Round:
    refs = world.refs[:CALL]
    campaigns = [new_campaign(world, CALL) for _ in range(2 * REPEATS)]
    _, ours = timed(lambda: insert_calls(world, campaigns[:REPEATS], refs))
    _, other = timed(lambda: _bulk_create(world, campaigns[REPEATS:], refs))
    return Round(ours.rate(REPEATS * CALL), other.rate(REPEATS * CALL))


def _bulk_create(world: World, campaigns: Sequence[Campaign], refs: Sequence[str]) -> None:
    for campaign in campaigns:
        now = timezone.now()
        with transaction.atomic():
            OutboundMessage.objects.bulk_create(
                OutboundMessage(
                    account=world.account,
                    campaign=campaign,
                    consumer_ref=ref,
                    lane=LANE,
                    due_at=now,
                    expires_at=now + LOOKBACK,
                    text=TEXT.format(name=ref),
                    created_at=now,
                )
                for ref in refs
            )


def _settle_round(world: World) -> Round:
    insert_calls(world, [new_campaign(world, 2 * BATCH)], world.refs[: 2 * BATCH])
    rows = claim(2 * BATCH)
    mine, others = rows[:BATCH], [row.id for row in rows[BATCH:]]
    objects = list(OutboundMessage.objects.filter(pk__in=others))
    _, ours = timed(lambda: settle(mine, at_once=BATCH))
    _, other = timed(lambda: _bulk_update(objects))
    return Round(ours.rate(BATCH), other.rate(BATCH))


def _bulk_update(objects: Sequence[OutboundMessage]) -> None:
    now = timezone.now()
    for message in objects:
        message.state, message.reason, message.app_name = State.SENT, "", "com.brand.app"
        message.attempts += 1
        message.finished_at = now
    with transaction.atomic():
        OutboundMessage.objects.bulk_update(objects, UPDATED)
