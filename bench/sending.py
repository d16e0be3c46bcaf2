"""End to end: the call, the rows, the worker, the push, the status; nothing lost or doubled."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import redis
from django.conf import settings

from bench.accept import CALL, Contender, contenders
from bench.history import start_over
from bench.load import send_all
from bench.machine import cpu_seconds, database_server
from bench.processes import BenchFailure, worker
from bench.report import Finding, Goal, Round, Side
from bench.size import Size
from bench.stub import Stub
from bench.world import World

END_TO_END = Goal("end-to-end", 60)
AGAINST = "ListSerializer, save(), a Celery task and requests.post for each recipient, save()"
PATIENCE = 60.0
PEER = "requests"


@dataclass(frozen=True, slots=True)
class Road:
    """A contender with its worker, and how many calls it is sent in a round."""

    contender: Contender
    worker_pid: int
    state: str
    calls: int


def what_is_missing() -> str:
    return "" if find_spec(PEER) is not None else f"{PEER} (script/bench)"


def measure_sending(world: World, size: Size, folder: Path, stub: Stub) -> list[Finding]:
    start_over(world)
    forget_tasks()
    bodies = world.bodies(CALL)
    with roads(world, size, folder, stub) as (ours, naive):
        for road in (ours, naive):
            send(road, bodies, stub, calls=1)
        rounds = [
            Round(*(send(road, bodies, stub, calls=road.calls) for road in (ours, naive)))
            for _ in range(size.rounds)
        ]
    return [Finding(END_TO_END, rounds, f"{AGAINST}; stub: {stub.name}")]


@contextmanager
def roads(world: World, size: Size, folder: Path, stub: Stub) -> Iterator[tuple[Road, Road]]:
    product = {"DJANGO_SETTINGS_MODULE": "proactive_site.settings"}
    naive = {
        "DJANGO_SETTINGS_MODULE": "bench.naive.settings",
        "NAIVE_PUSH_URL": stub.url,
        # Kind to it: two lines a task are not written.
        "LOG_LEVEL": "WARNING",
    }
    with (
        contenders(world, folder, "send") as (ours, other),
        worker("worker", "proactive_site", folder, product) as our_worker,
        worker("naive-worker", "bench.naive.celery", folder, naive) as naive_worker,
    ):
        yield (
            Road(ours, our_worker.pid, "state", size.sent_calls),
            Road(other, naive_worker.pid, "status", size.naive_sent_calls),
        )


def forget_tasks() -> None:
    """Wake-ups of what was only accepted."""
    redis.Redis.from_url(settings.REDIS_URL).flushdb()


def send(road: Road, bodies: Iterator[bytes], stub: Stub, *, calls: int) -> Side:
    """From the first call to the last status."""
    watched = [road.contender.pid, road.worker_pid, *database_server()]
    rows = road.contender.table._default_manager
    last = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    cpu, began = cpu_seconds(watched), time.monotonic()
    send_all(road.contender.api, bodies, calls=calls)
    new = rows.filter(pk__gt=last)
    _wait_until(lambda: new.filter(**{road.state: "sent"}).count() >= calls * CALL)
    wall, cpu = time.monotonic() - began, cpu_seconds(watched) - cpu
    stub.check({public_id.hex for public_id in new.values_list("public_id", flat=True)})
    return Side(calls * CALL / wall, "recipients/s", cpu / (calls * CALL))


def _wait_until(is_done: Callable[[], bool]) -> None:
    """:raises BenchFailure: it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not is_done():
        if time.monotonic() > deadline:
            raise BenchFailure(f"Not every message was sent within {PATIENCE:g} s.")
        time.sleep(0.03)
