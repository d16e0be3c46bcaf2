"""End to end against django-push-notifications: its rows in bulk, then one queryset's messages."""

from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from bench.accept import CALL
from bench.history import start_over
from bench.processes import CHECKOUT
from bench.push_leg import run_peer
from bench.report import Finding, Goal, Round
from bench.sending import forget_tasks, roads, send
from bench.size import Size
from bench.stub import CERTIFICATES, Stub
from bench.world import World

GOAL = Goal("django-push", 10)
AGAINST = "django-push-notifications: bulk_create of 100, queryset.send_message, one update"
PYTHON = CHECKOUT / ".local" / "bench" / "django-push" / "bin" / "python"
DATABASE = "django_push"


def what_is_missing() -> str:
    return "" if PYTHON.exists() else "django-push-notifications (script/bench)"


def measure_django_push(world: World, size: Size, folder: Path, stub: Stub) -> list[Finding]:
    start_over(world)
    forget_tasks()
    origin = stub.url.removesuffix("/push")
    authority = str(folder / CERTIFICATES.authority)
    bodies = world.bodies(CALL)
    with roads(world, size, folder, stub) as (road, _):
        send(road, bodies, stub, calls=1)
        rounds = []
        for _ in range(size.rounds):
            ours = send(road, bodies, stub, calls=road.calls)
            url = _fresh_database()
            other = run_peer(
                PYTHON,
                "django_push",
                size.pushes // 8,
                [origin],
                DATABASE_URL=url,
                REQUESTS_CA_BUNDLE=authority,
            )
            rounds.append(Round(ours, other))
    return [Finding(GOAL, rounds, f"{AGAINST}; stub: {stub.name}")]


def _fresh_database() -> str:
    """A database of the peer's own beside ours; its URL."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
    settings = connection.settings_dict
    host = settings["HOST"] or settings["OPTIONS"].get("host", "")
    return urlsplit(f"postgres://app@/{DATABASE}?host={host}").geturl()
