"""What `python -m bench` calls once the database and the certificates are there."""

import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from bench import (
    accept,
    django_push,
    growth,
    live,
    machine,
    neighbour,
    outage,
    pages,
    push_leg,
    reachability,
    redis_away,
    sending,
    statements,
)
from bench.processes import CHECKOUT, BenchFailure
from bench.report import Finding, as_json, write
from bench.size import FULL, QUICK, Size
from bench.stub import provider_stub
from bench.world import make_naive_tables, make_world

# What a part needs besides: its name where it is missing, else nothing.
NEEDS: dict[str, Callable[[], str]] = {
    "end-to-end": sending.what_is_missing,
    "django-push": django_push.what_is_missing,
    "push-leg": push_leg.what_is_missing,
}
RESULTS = CHECKOUT / "bench" / "results"


class Command(BaseCommand):
    help = "Measure the product against the naive design; called by python -m bench."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--full", action="store_const", dest="size", const=FULL, default=QUICK)
        parser.add_argument("--quick", action="store_const", dest="size", const=QUICK)
        parser.add_argument("--folder", type=Path, required=True)
        parser.add_argument("--only", action="append", default=[])

    def handle(self, *args: Any, size: Size, folder: Path, only: list[str], **kwargs: Any) -> None:
        signal.signal(signal.SIGTERM, _stop)
        began = time.monotonic()
        findings: list[Finding] = []
        with provider_stub(folder) as stub:
            make_naive_tables()
            world = make_world(stub_url=stub.url, consumers=size.consumers)
            parts: dict[str, Callable[[], list[Finding]]] = {
                "growth": partial(growth.measure_growth, world, size),
                "pages": partial(pages.measure_pages, world, size),
                "reachability": partial(reachability.measure_reachability, world, size),
                "statements": partial(statements.measure_statements, world, size),
                "accept": partial(accept.measure_accept, world, size, folder),
                "accept-redis-away": partial(redis_away.measure_redis_away, world, size, folder),
                "end-to-end": partial(sending.measure_sending, world, size, folder, stub),
                "django-push": partial(django_push.measure_django_push, world, size, folder, stub),
                "neighbour": partial(neighbour.measure_neighbour, world, size, folder, stub),
                "outage": partial(outage.measure_outage, world, size, folder, stub),
                "live": partial(live.measure_live, world, size, folder),
                "push-leg": partial(push_leg.measure_push_leg, size, folder, stub),
            }
            for name, measure in parts.items():
                if not only or name in only:
                    findings += self._measure(name, measure)
            facts = {"stub": stub.name, "machine": machine.describe()}
        self._write(size, findings, seconds=time.monotonic() - began, **facts)
        if not findings or not all(finding.is_met for finding in findings):
            sys.exit(1)

    def _measure(self, name: str, measure: Callable[[], list[Finding]]) -> list[Finding]:
        missing = NEEDS[name]() if name in NEEDS else ""
        if missing:
            self.stdout.write(f"{name:<14}skipped: {missing} not there")
            return []
        try:
            found = measure()
        except BenchFailure as failure:
            raise CommandError(f"{name}: {failure}") from failure
        for finding in found:
            self.stdout.write(finding.line())
            self.stdout.flush()
        return found

    def _write(self, size: Size, findings: list[Finding], **facts: Any) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        path = write(RESULTS, size.name, as_json(findings, at=at, size=size.name, **facts))
        self.stdout.write(f"{path.relative_to(CHECKOUT)}")


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + signum)
