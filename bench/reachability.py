"""What counting whom an app reaches costs, against plain SQL and for ten times the people."""

from django.db import connection
from django.utils import timezone

from bench.audience import fill_audience
from bench.growth import FEW, MANY, copies, use
from bench.history import analyze
from bench.ledger_rows import timed
from bench.report import Finding, Goal, Round, Side
from bench.size import Size
from bench.world import World
from campaigns.reachability import reachability

COUNT = Goal("reachability", 3, is_most=True)
GROWTH = Goal("reach-growth", 1.5, is_most=True)
# The least that tells people from devices: who has one, without any rule.
_PLAIN = """
SELECT count(*) FROM (
    SELECT c.id FROM consumers_consumer c JOIN consumers_device d ON d.consumer_id = c.id
    WHERE c.account_id = %s AND d.app_id = %s AND d.removed_at IS NULL GROUP BY c.id
) people
"""


def measure_reachability(world: World, size: Size) -> list[Finding]:
    with copies():
        for name, people in ((FEW, size.few_people), (MANY, size.many_people)):
            use(name)
            fill_audience(world, people)
            analyze()
            _pass(world, people)
        rounds = [_in_turn(world, size) for _ in range(size.reachability_rounds)]
    many = f"{size.many_people:,} people"
    return [
        Finding(COUNT, [Round(ours, plain) for ours, plain, _ in rounds], f"{many}, no rules"),
        Finding(
            GROWTH,
            [Round(ours, few) for ours, _, few in rounds],
            f"{many} against {size.few_people:,}, each",
        ),
    ]


def _in_turn(world: World, size: Size) -> tuple[Side, Side, Side]:
    use(MANY)
    ours, plain = _pass(world, size.many_people), _plain(world, size.many_people)
    use(FEW)
    return ours, plain, _pass(world, size.few_people)


def _pass(world: World, people: int) -> Side:
    found, cost = timed(lambda: reachability(world.app, now=timezone.now()))
    assert found.known >= people
    return cost.cost(people)


def _plain(world: World, people: int) -> Side:
    with connection.cursor() as cursor:
        _, cost = timed(lambda: cursor.execute(_PLAIN, [world.account.pk, world.app.pk]))
    return cost.cost(people)
