"""How much is measured: `--quick` in some minutes, `--full` in about a quarter of an hour."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Seconds, rounds, and numbers of calls, recipients and rows."""

    name: str
    consumers: int
    rounds: int
    accept_seconds: float
    paced_rounds: int
    paced_calls: int
    statement_rounds: int
    sent_calls: int
    naive_sent_calls: int
    few_rows: int
    many_rows: int
    growth_rounds: int
    few_people: int
    many_people: int
    reachability_rounds: int
    pushes: int
    push_rounds: int
    outage_rounds: int
    held: int


QUICK = Size(
    name="quick",
    consumers=2_000,
    rounds=5,
    accept_seconds=1.2,
    paced_rounds=5,
    paced_calls=25,
    statement_rounds=7,
    sent_calls=30,
    naive_sent_calls=1,
    few_rows=1_000,
    many_rows=100_000,
    growth_rounds=9,
    few_people=10_000,
    many_people=100_000,
    reachability_rounds=9,
    pushes=4_000,
    push_rounds=5,
    outage_rounds=3,
    held=2_000,
)
FULL = Size(
    name="full",
    consumers=5_000,
    rounds=11,
    accept_seconds=5.0,
    paced_rounds=7,
    paced_calls=100,
    statement_rounds=25,
    sent_calls=100,
    naive_sent_calls=4,
    few_rows=10_000,
    many_rows=1_000_000,
    growth_rounds=25,
    few_people=100_000,
    many_people=1_000_000,
    reachability_rounds=9,
    pushes=20_000,
    push_rounds=9,
    outage_rounds=9,
    held=10_000,
)
