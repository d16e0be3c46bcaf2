"""Accepting calls while Redis is away: limits and wake-ups must not make callers wait."""

from collections.abc import Iterator
from pathlib import Path

from bench.history import start_over
from bench.load import Api, saturate
from bench.processes import web_server
from bench.report import Finding, Goal, Round, Side, percentile
from bench.size import Size
from bench.world import World

GOAL = Goal("accept-without-redis", 1.5, is_most=True)
AGAINST = "the same server with Redis; the 95th percentile of four callers' latencies"
CALL = 100


def measure_redis_away(world: World, size: Size, folder: Path) -> list[Finding]:
    bodies = world.bodies(CALL)
    start_over(world)
    away = {
        "REDIS_URL": f"unix://{folder}/no-redis",
        "CELERY_BROKER_URL": f"redis+socket://{folder}/no-redis",
    }
    product = ("proactive_site.wsgi", "proactive_site.settings", folder)
    with (
        web_server("web-without-redis", *product, **away) as without,
        web_server("web", *product) as usual,
    ):
        sides = [Api(web.port, world.path, world.headers) for web in (without, usual)]
        for api in sides:
            saturate(api, bodies, seconds=0.5)
        rounds = [
            Round(*(_p95(api, bodies, size.accept_seconds) for api in sides))
            for _ in range(size.rounds)
        ]
    return [Finding(GOAL, rounds, AGAINST)]


def _p95(api: Api, bodies: Iterator[bytes], seconds: float) -> Side:
    load = saturate(api, bodies, seconds=seconds)
    return Side(percentile(load.latencies, 0.95), "seconds")
