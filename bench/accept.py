"""Accepting calls of 100 recipients: as many as go, and the latency at a steady rate."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import models

from bench.history import start_over
from bench.load import Api, Load, pace, saturate
from bench.machine import cpu_seconds, database_server
from bench.naive.models import Recipient
from bench.processes import BenchFailure, web_server
from bench.report import Finding, Goal, Round, Side, percentile
from bench.size import Size
from bench.world import World
from campaigns.models import OutboundMessage

ACCEPT = Goal("accept", 8)
LATENCY = Goal("accept-p99", 0.25, is_most=True)
AGAINST = "ListSerializer and save() for each recipient, on the same server"
CALL = 100
PER_SECOND = 10.0


@dataclass(frozen=True, slots=True)
class Contender:
    """An API, the table it stores recipients in, and its server."""

    api: Api
    table: type[models.Model]
    pid: int

    def stored(self) -> int:
        return self.table._default_manager.count()


@contextmanager
def contenders(
    world: World, folder: Path, naive_path: str, naive_env: dict[str, str] | None = None
) -> Iterator[tuple[Contender, Contender]]:
    """The product and the naive design, each with a web server of its own."""
    naive_url = f"/account/{world.account.number}/{naive_path}"
    with (
        web_server("web", "proactive_site.wsgi", "proactive_site.settings", folder) as web,
        web_server("naive-web", "bench.naive.wsgi", "bench.naive.settings", folder) as naive,
    ):
        ours = Api(web.port, world.path, world.headers)
        other = Api(naive.port, naive_url, world.headers)
        yield (
            Contender(ours, OutboundMessage, web.process.pid),
            Contender(other, Recipient, naive.process.pid),
        )


def measure_accept(world: World, size: Size, folder: Path) -> list[Finding]:
    """Nobody delivers meanwhile: the workers are not running."""
    bodies = world.bodies(CALL)
    start_over(world)
    with contenders(world, folder, "accept") as sides:
        for side in sides:
            saturate(side.api, bodies, seconds=0.5)
        rates = [
            Round(*(_rate(side, bodies, size.accept_seconds) for side in sides))
            for _ in range(size.rounds)
        ]
        latencies = [
            Round(*(_p99(side, bodies, size.paced_calls) for side in sides))
            for _ in range(size.paced_rounds)
        ]
    return [
        Finding(ACCEPT, rates, AGAINST),
        Finding(LATENCY, latencies, f"{AGAINST}, at {PER_SECOND:g} calls a second"),
    ]


def _rate(side: Contender, bodies: Iterator[bytes], seconds: float) -> Side:
    watched = [side.pid, *database_server()]
    before, cpu = side.stored(), cpu_seconds(watched)
    load = saturate(side.api, bodies, seconds=seconds)
    cpu = cpu_seconds(watched) - cpu
    recipients = _check_stored(side, before, load)
    return Side(recipients / load.wall, "recipients/s", cpu / recipients)


def _p99(side: Contender, bodies: Iterator[bytes], calls: int) -> Side:
    before = side.stored()
    load = pace(side.api, bodies, calls=calls, per_second=PER_SECOND)
    _check_stored(side, before, load)
    return Side(percentile(load.latencies, 0.99), "seconds")


def _check_stored(side: Contender, before: int, load: Load) -> int:
    """:raises BenchFailure: fewer or more rows than the answers promised."""
    promised, stored = CALL * len(load.latencies), side.stored() - before
    if stored != promised:
        raise BenchFailure(f"{side.api.path}: {promised} accepted, {stored} stored.")
    return promised
