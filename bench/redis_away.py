"""Accepting calls while Redis is away: limits and wake-ups must not make callers wait."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.history import start_over
from bench.load import Api, saturate
from bench.processes import web_server
from bench.report import Finding, Goal, Round, Side, percentile
from bench.size import Size
from bench.world import World

GONE = Goal("accept-without-redis", 1.5, is_most=True)
SILENT = Goal("accept-with-silent-redis", 1.5, is_most=True)
AGAINST = "the same server with Redis; the 95th percentile of four callers' latencies"
CALL = 100


def measure_redis_away(world: World, size: Size, folder: Path) -> list[Finding]:
    with silent_socket(folder / "silent-redis") as silent:
        return [
            _measure(world, size, folder, goal, path)
            for goal, path in ((GONE, folder / "no-redis"), (SILENT, silent))
        ]


@contextmanager
def silent_socket(path: Path) -> Iterator[Path]:
    """Takes connections, as a server does that hangs, and never says a word."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen(1_000)
        yield path


def _measure(world: World, size: Size, folder: Path, goal: Goal, redis: Path) -> Finding:
    bodies = world.bodies(CALL)
    start_over(world)
    away = {"REDIS_URL": f"unix://{redis}", "CELERY_BROKER_URL": f"redis+socket://{redis}"}
    product = ("proactive_site.wsgi", "proactive_site.settings", folder)
    with (
        web_server(goal.name, *product, **away) as without,
        web_server("web", *product) as usual,
    ):
        sides = [Api(web.port, world.path, world.headers) for web in (without, usual)]
        for api in sides:
            saturate(api, bodies, seconds=0.5)
        rounds = [
            Round(*(_p95(api, bodies, size.accept_seconds) for api in sides))
            for _ in range(size.rounds)
        ]
    return Finding(goal, rounds, AGAINST)


def _p95(api: Api, bodies: Iterator[bytes], seconds: float) -> Side:
    load = saturate(api, bodies, seconds=seconds)
    return Side(percentile(load.latencies, 0.95), "seconds")
