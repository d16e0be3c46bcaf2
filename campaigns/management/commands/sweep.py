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
from campaigns.lanes import ASIDE, LANES
from campaigns.models import Heartbeat
from campaigns.pace import has_send_rates
from campaigns.tasks import wake
from common.claims import is_due
from conversations import tasks as replies
from conversations.delivery import deliver as deliver_replies
from conversations.pushes.queue import QUEUE as REPLIES
from conversations.tasks import tend_abandoned
from webhooks import tasks as webhooks
from webhooks.delivery import deliver as deliver_webhooks
from webhooks.outbox import QUEUE as WEBHOOKS

logger = logging.getLogger(__name__)

WOKEN_AT_ONCE = 5000
# Seconds; what an account's send rate held back may go after one.
PACED_INTERVAL = 1.0
ASIDE_INTERVAL = 1.0
# A reply that waits for its turn, or for an app to show it, is not to wait for long after that.
REPLIES_INTERVAL = 1.0
TEND_INTERVAL = 60.0


class Command(BaseCommand):
    help = (
        "Every few seconds wake workers for what is due, messages, webhooks and what agents say, "
        "and deliver by itself what is still due some seconds later. Run one or more beside the "
        "workers."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true", help="One round, then stop.")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Event()
        rounds = (
            _wake_campaigns,
            _deliver_campaigns,
            _deliver_aside,
            _sweep_webhooks,
            _sweep_replies,
            _tend_conversations,
        )
        if options["once"]:
            for round_ in rounds:
                _try(round_, stop)
            return
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        # Threads of their own, so that neither a slow provider nor a brand's slow webhook keeps
        # workers from being woken.
        others = [Thread(target=_repeat, args=(round_, stop)) for round_ in rounds[1:]]
        for other in others:
            other.start()
        _repeat(_wake_campaigns, stop)
        for other in others:
            other.join()


def _repeat(round_: Callable[[Event], float | None], stop: Event) -> None:
    while not stop.is_set():
        soon = _try(round_, stop)
        stop.wait(soon or settings.SWEEP_INTERVAL)


def _try(round_: Callable[[Event], float | None], stop: Event) -> float | None:
    try:
        return round_(stop)
    except (OperationalError, InterfaceError) as error:
        logger.error("Sweep found no database: %s", type(error).__name__)
        close_old_connections()
    except Exception:  # the next round may go better; a thread that ended would not be missed
        logger.exception("A round of the sweep failed")
    return None


def _wake_campaigns(stop: Event) -> float | None:
    """Returns the seconds until the next round, where that is to be soon."""
    Heartbeat.beat("sweep", timezone.now())
    while wake_held(limit=WOKEN_AT_ONCE) >= WOKEN_AT_ONCE and not stop.is_set():
        pass
    wake(ledger.due_lanes(LANES))
    return min(PACED_INTERVAL, settings.SWEEP_INTERVAL) if has_send_rates() else None


def _deliver_campaigns(stop: Event) -> None:
    overdue = timedelta(seconds=settings.SWEEP_OVERDUE)
    lanes = set(ledger.due_lanes(LANES, overdue=overdue))
    while lanes and not stop.is_set():
        lane = lanes.pop()
        delivered = deliver(lane)
        lanes |= delivered.lanes - {ASIDE}
        if delivered.claimed:
            lanes.add(lane)


def _deliver_aside(stop: Event) -> float:
    """What waits for slow providers, and for those that are held up: here nobody else waits."""
    while not stop.is_set():
        delivered = deliver(ASIDE)
        wake(delivered.lanes - {ASIDE})
        if not delivered.claimed:
            break
    interval: float = min(ASIDE_INTERVAL, settings.SWEEP_INTERVAL)
    return interval


def _sweep_webhooks(stop: Event) -> None:
    if is_due(WEBHOOKS):
        webhooks.wake()
    overdue = timedelta(seconds=settings.SWEEP_OVERDUE)
    while not stop.is_set() and is_due(WEBHOOKS, overdue=overdue) and deliver_webhooks():
        pass


def _sweep_replies(stop: Event) -> float:
    if is_due(REPLIES):
        replies.wake()
    overdue = timedelta(seconds=settings.SWEEP_OVERDUE)
    while not stop.is_set() and is_due(REPLIES, overdue=overdue):
        if not deliver_replies(with_slow=True):
            break
    interval: float = min(REPLIES_INTERVAL, settings.SWEEP_INTERVAL)
    return interval


def _tend_conversations(stop: Event) -> float:
    """As beat has it done, for who has none, or no broker."""
    tend_abandoned()
    return TEND_INTERVAL
