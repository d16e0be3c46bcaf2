"""The product as it runs: web server, worker, sweep; and the queues of its brands."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db.models import QuerySet

from bench.history import analyze
from bench.ledger_rows import insert_calls, new_campaign
from bench.processes import MANAGE, BenchFailure, running, web_server, worker
from bench.sending import forget_tasks
from bench.world import World
from campaigns.models import PENDING, OutboundMessage

# Recipients of a call that is stored without the API.
CALL = 1_000


@contextmanager
def product(folder: Path) -> Iterator[int]:
    """Yields the web server's port."""
    env = {"DJANGO_SETTINGS_MODULE": "proactive_site.settings"}
    forget_tasks()
    with (
        web_server("web", "proactive_site.wsgi", "proactive_site.settings", folder) as web,
        worker("worker", "proactive_site", folder, env),
        running("sweep", (*MANAGE, "sweep"), folder, **env),
    ):
        yield web.port


def queue(world: World, recipients: int) -> None:
    """Accept so many in calls of a thousand, as the API would store them."""
    campaigns = [new_campaign(world, CALL) for _ in range(0, recipients, CALL)]
    insert_calls(world, campaigns, world.refs[:CALL])
    analyze()


def messages(world: World) -> QuerySet[OutboundMessage]:
    return OutboundMessage.objects.filter(account=world.account)


def pending(*worlds: World) -> int:
    accounts = [world.account for world in worlds]
    return OutboundMessage.objects.filter(account__in=accounts, state__in=PENDING).count()


def wait_until(is_done: Callable[[], bool], what: str, *, seconds: float = 60.0) -> None:
    """:raises BenchFailure: it takes too long."""
    deadline = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > deadline:
            raise BenchFailure(f"Waited {seconds:g} s in vain for {what}.")
        time.sleep(0.02)
