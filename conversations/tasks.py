"""Celery's door: wake-ups for pushes of agents' messages, housekeeping. No task carries work."""

from datetime import timedelta
from time import monotonic
from typing import Any

from celery import shared_task
from django.utils import timezone

from common.wake_ups import wake_ups
from conversations import abandoned
from conversations.delivery import deliver
from conversations.metrics import WAKE_UPS_LOST
from conversations.pushes.queue import forget

REPLIES_QUEUE = "replies"
# A task hands over to a fresh one after this, so that others get their turn.
LONGEST_TASK_SECONDS = 1.0
KEPT = timedelta(days=7)
BATCH = 2000
MOST_BATCHES = 20
# Conversations that nobody tends: each is told to webhooks, so a batch of them is small.
TENDED, MOST_TENDED = 100, 50


def wake() -> None:
    """Say "look now". A broker that is away only delays, by one sweep."""
    if not wake_ups().send(deliver_replies, queue=REPLIES_QUEUE):
        WAKE_UPS_LOST.inc()


@shared_task
def deliver_replies(**kwargs: Any) -> None:
    """What goes to slow providers is left to the sweep, so that no worker waits for them."""
    deadline = monotonic() + LONGEST_TASK_SECONDS
    while deliver(with_slow=False):
        if monotonic() >= deadline:
            wake()
            return


@shared_task
def forget_reply_pushes(**kwargs: Any) -> None:
    finished_before = timezone.now() - KEPT
    for _ in range(MOST_BATCHES):
        if not forget(finished_before=finished_before, limit=BATCH):
            return


@shared_task
def tend_abandoned(**kwargs: Any) -> None:
    """Each batch is committed by itself; what is left is taken the next time."""
    now = timezone.now()
    for tend in (abandoned.return_unanswered, abandoned.close_silent):
        for _ in range(MOST_TENDED):
            if not tend(now=now, limit=TENDED):
                break
