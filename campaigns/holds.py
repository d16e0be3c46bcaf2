"""Messages that wait because their provider is held up: one of them probes, all of them are woken
when it is back."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import connection

from campaigns.lanes import ASIDE
from campaigns.sending import HELD_UP
from push.breakers import Hold
from push.models import Breaker

# What waits is looked at rarely, and ever more so, so that an outage of a long queue costs little.
# It is woken when the breaker closes; what nobody woke comes back within this.
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=4)

_rng = Random()


def look_again_at(hold: Hold, now: datetime) -> datetime:
    """When a message that the hold keeps back is due again: about as long again as it has held,
    spread, and after the next probe."""
    spread = min(max(now - hold.since, SHORTEST_WAIT), LONGEST_WAIT)
    return max(hold.probe_at or now, now) + spread * _rng.uniform(0.5, 1.0)


_BRING_FORWARD = """
UPDATE campaigns_outboundmessage SET due_at = %(due_at)s WHERE id = (
    SELECT id FROM campaigns_outboundmessage
    WHERE lane = %(lane)s AND account_id = %(account)s AND state = 'queued'
      AND reason = %(reason)s AND due_at > %(due_at)s AND (id = %(last)s) = %(is_last)s
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
"""


def pass_on(*, account_id: int, last: int, due_at: datetime) -> None:
    """Have another message of the account probe next, or the last one if no other waits."""
    named: dict[str, Any] = {
        "lane": ASIDE,
        "account": account_id,
        "reason": HELD_UP,
        "due_at": due_at,
        "last": last,
    }
    with connection.cursor() as cursor:
        for is_last in (False, True):
            cursor.execute(_BRING_FORWARD, {**named, "is_last": is_last})
            if cursor.rowcount:
                return


# ARRAY has the rows chosen once, and so no more than the limit.
_WAKE = """
UPDATE campaigns_outboundmessage SET due_at = statement_timestamp(), lane = %(to)s
WHERE id = ANY(ARRAY(
    SELECT id FROM campaigns_outboundmessage
    WHERE lane = %(lane)s AND (account_id = %(account)s OR %(account)s IS NULL)
      AND state = 'queued' AND reason = %(reason)s
    LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
"""


def wake_held(*, limit: int) -> int:
    """Make due what waited for breakers that have closed, up to ``limit`` messages of each;
    returns how many there were.

    A breaker of which none are left is looked at once more: a worker may be just putting some
    aside.
    """
    woken = 0
    due = Breaker.objects.filter(is_wake_due=True).order_by("pk")
    for pk, provider, account_id in due.values_list("pk", "provider", "credential__account_id"):
        count = _wake(account_id, provider, limit)
        if not count:
            Breaker.objects.filter(pk=pk).update(is_wake_due=False)
        woken += count
    return woken


def _wake(account_id: int | None, provider: str, limit: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            _WAKE,
            {
                "lane": ASIDE,
                "account": account_id,
                "reason": HELD_UP,
                "to": provider,
                "limit": limit,
            },
        )
        return int(cursor.rowcount)
