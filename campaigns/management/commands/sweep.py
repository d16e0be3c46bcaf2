"""Finds work that nobody was woken for; needs no broker."""

import logging
import signal
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from campaigns import ledger
from campaigns.delivery import deliver
from campaigns.holds import wake_held
from campaigns.lanes import LANES
from campaigns.models import Heartbeat
from campaigns.tasks import wake
from common.claims import is_due
from webhooks import tasks as webhooks
from webhooks.delivery import deliver as deliver_webhooks
from webhooks.outbox import QUEUE as WEBHOOKS

logger = logging.getLogger(__name__)

WOKEN_AT_ONCE = 5000


class Command(BaseCommand):
    help = (
        "Every few seconds wake workers for what is due, messages and webhooks, and deliver by "
        "itself what is still due some seconds later. Run one or more beside the workers."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true", help="One round, then stop.")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Event()
        if not options["once"]:
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, lambda *_: stop.set())
        if options["once"]:
            _try(_sweep_campaigns, stop)
            _try(_sweep_webhooks, stop)
            return
        # A thread of its own, so that no brand's slow endpoint holds up a campaign.
        hooks = Thread(target=_repeat, args=(_sweep_webhooks, stop))
        hooks.start()
        _repeat(_sweep_campaigns, stop)
        hooks.join()


def _repeat(round_: Callable[[Event], None], stop: Event) -> None:
    while not stop.is_set():
        _try(round_, stop)
        stop.wait(settings.SWEEP_INTERVAL)


def _try(round_: Callable[[Event], None], stop: Event) -> None:
    try:
        round_(stop)
    except (OperationalError, InterfaceError) as error:
        logger.error("Sweep found no database: %s", type(error).__name__)
        close_old_connections()


def _sweep_campaigns(stop: Event) -> None:
    Heartbeat.beat("sweep", timezone.now())
    while wake_held(limit=WOKEN_AT_ONCE) >= WOKEN_AT_ONCE and not stop.is_set():
        pass
    wake(ledger.due_lanes(LANES))
    overdue = timedelta(seconds=settings.SWEEP_OVERDUE)
    lanes = set(ledger.due_lanes(LANES, overdue=overdue))
    while lanes and not stop.is_set():
        lane = lanes.pop()
        delivered = deliver(lane)
        lanes |= delivered.lanes
        if delivered.claimed:
            lanes.add(lane)


def _sweep_webhooks(stop: Event) -> None:
    if is_due(WEBHOOKS):
        webhooks.wake()
    overdue = timedelta(seconds=settings.SWEEP_OVERDUE)
    while not stop.is_set() and is_due(WEBHOOKS, overdue=overdue) and deliver_webhooks():
        pass
