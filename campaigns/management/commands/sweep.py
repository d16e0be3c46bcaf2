"""Finds work that nobody was woken for; needs no broker."""

import logging
import signal
from datetime import timedelta
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from campaigns import ledger
from campaigns.delivery import LANES, deliver
from campaigns.models import Heartbeat
from campaigns.tasks import wake

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Every few seconds wake workers for lanes with due messages, and deliver by itself what is "
        "still due some seconds later. Run one or more beside the workers."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true", help="One round, then stop.")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Event()
        if not options["once"]:
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, lambda *_: stop.set())
        while True:
            try:
                self._round(stop)
            except (OperationalError, InterfaceError) as error:
                logger.error("Sweep found no database: %s", type(error).__name__)
                close_old_connections()
            if options["once"] or stop.wait(settings.SWEEP_INTERVAL):
                return

    def _round(self, stop: Event) -> None:
        Heartbeat.beat("sweep", timezone.now())
        wake(ledger.due_lanes(LANES))
        overdue = timedelta(seconds=settings.SWEEP_OVERDUE)
        lanes = set(ledger.due_lanes(LANES, overdue=overdue))
        while lanes and not stop.is_set():
            lane = lanes.pop()
            delivered = deliver(lane)
            lanes |= delivered.lanes
            if delivered.claimed:
                lanes.add(lane)
