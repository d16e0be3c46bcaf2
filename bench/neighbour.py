"""A brand with a long queue beside one that sends a single message."""

import time
from collections.abc import Iterator
from pathlib import Path

from bench.history import start_over
from bench.load import Api, send_all
from bench.processes import BenchFailure
from bench.product import messages, pending, product, queue, wait_until
from bench.report import Finding, Goal, Round, Side
from bench.size import Size
from bench.stub import Stub
from bench.world import World, make_world

NEIGHBOUR = Goal("neighbour", 1, is_most=True)
QUEUED = 100_000
# Seconds from the single message's call to its push.
LIMIT = Side(2.0, "seconds")
AGAINST = f"the limit of 2 s; {QUEUED:,} messages of another brand were queued before"


def measure_neighbour(world: World, size: Size, folder: Path, stub: Stub) -> list[Finding]:
    start_over(world)
    single = make_world(stub_url=stub.url, consumers=1, name="Single")
    queue(world, QUEUED)
    with product(folder) as port:
        api, bodies = Api(port, single.path, single.headers), single.bodies(1)
        wait_until(lambda: pending(world) < QUEUED, "the long queue to move")
        rounds = [Round(_wait_of_one(api, bodies, single, stub), LIMIT) for _ in range(size.rounds)]
        left = pending(world)
    stub.new_arrivals()
    if not left:
        raise BenchFailure("The long queue had ended before the last single message.")
    return [Finding(NEIGHBOUR, rounds, f"{AGAINST}, {left:,} of them still after the last")]


def _wait_of_one(api: Api, bodies: Iterator[bytes], single: World, stub: Stub) -> Side:
    """By the caller's clock and that of the provider's log, which are this machine's."""
    began = time.time()
    send_all(api, bodies, calls=1)
    newest = messages(single).latest("pk").public_id.hex
    taken: list[float] = []

    def has_come() -> bool:
        taken.extend(push.at for push in stub.new_arrivals() if push.message == newest)
        return bool(taken)

    wait_until(has_come, "the single message's push")
    return Side(taken[0] - began, "seconds")
