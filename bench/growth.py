"""What a recipient costs in a long table against a short one: two databases, in turn."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

from bench.history import analyze, fill
from bench.ledger_rows import claim, insert_calls, new_campaign, settle, timed
from bench.report import Finding, Goal, Round, Side
from bench.size import Size
from bench.world import World
from campaigns.models import Campaign, OutboundMessage

GROWTH = Goal("growth", 1.25, is_most=True)
CALL, CALLS = 100, 10
AT_ONCE = 100
FEW, MANY = "bench_few", "bench_many"
# Recipients of each campaign that fills the table.
FILLING = 1_000


@contextmanager
def copies() -> Iterator[None]:
    """Two copies of the database as it is now, for which nobody else may be connected to it."""
    original = connection.settings_dict["NAME"]
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        connection.close()
        for name in (FEW, MANY):
            cursor.execute(f'CREATE DATABASE {name} TEMPLATE "{original}"')
    try:
        yield
    finally:
        use(original)
        with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
            for name in (FEW, MANY):
                cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def use(database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = database


def measure_growth(world: World, size: Size) -> list[Finding]:
    with copies():
        for name, rows in ((FEW, size.few_rows), (MANY, size.many_rows)):
            use(name)
            fill(world, rows, of=FILLING)
            analyze()
            _pass(world)
        rounds = [
            Round(ours=_in(MANY, world), other=_in(FEW, world)) for _ in range(size.growth_rounds)
        ]
    against = f"{size.many_rows:,} rows in the table against {size.few_rows:,}"
    return [Finding(GROWTH, rounds, against)]


def _in(database: str, world: World) -> Side:
    use(database)
    return _pass(world)


def _pass(world: World) -> Side:
    """Insert, claim and settle 1,000 recipients; then take them out again, untimed."""
    campaigns = [new_campaign(world, CALL) for _ in range(CALLS)]
    refs = world.refs[:CALL]
    _, cost = timed(lambda: _through(world, campaigns, refs))
    OutboundMessage.objects.filter(campaign__in=campaigns)._raw_delete("default")  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE campaigns_outboundmessage")
    return cost.cost(CALL * CALLS)


def _through(world: World, campaigns: Sequence[Campaign], refs: Sequence[str]) -> None:
    insert_calls(world, campaigns, refs)
    settle(claim(CALL * CALLS), at_once=AT_ONCE)
