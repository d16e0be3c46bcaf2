"""How much a consumer has not seen yet: the number on the app's badge, for many at once."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from consumers.models import Consumer

# No lookback is longer than 30 days, so older routes are over: the index leaves them out.
_PENDING = """
FROM conversations_replyroute r
WHERE r.account_id = c.account_id AND r.consumer_ref = c.ref
  AND r.valid_from > %(now)s - interval '30 days' AND r.valid_until > %(now)s
  AND r.state NOT IN ('waiting', 'closed') AND r.replied_at IS NULL
"""
_UNOPENED = f"(SELECT count(*) {_PENDING} AND r.opened_at IS NULL)"

# As the dialog: of conversations it shows the last, until a later message begins another. What was
# said before anybody kept who has read it counts as read.
_UNREAD = f"""
(SELECT count(*) FROM conversations_message m
 WHERE m.sender = 'agent' AND m.id > last.consumer_read_to AND m.conversation_id = last.id
   AND last.last_said_at IS NOT NULL
   AND NOT EXISTS (SELECT 1 {_PENDING} AND r.sent_at > last.closed_at))
"""
_LAST = """
LEFT JOIN LATERAL (
    SELECT k.id, k.consumer_read_to, k.last_said_at, k.closed_at FROM conversations_conversation k
    WHERE k.consumer_id = c.id ORDER BY k.id DESC LIMIT 1
) last ON true
"""


def unread_counts(consumer_ids: Sequence[int], *, now: datetime) -> dict[int, int]:
    """Of each consumer (primary key) what agents said that no app has shown, and the messages in
    the inbox that nobody opened; one query."""
    return _count(f"{_UNREAD} + {_UNOPENED} FROM consumers_consumer c {_LAST}", consumer_ids, now)


def unread_count(consumer: Consumer, *, now: datetime) -> int:
    """Of one, who may not be stored."""
    return unread_counts([consumer.pk], now=now).get(consumer.pk, 0) if consumer.pk else 0


def unopened_counts(consumer_ids: Sequence[int], *, now: datetime) -> dict[int, int]:
    """The messages in the inbox alone: all that is left unread once another message begins the
    dialog anew."""
    return _count(f"{_UNOPENED} FROM consumers_consumer c", consumer_ids, now)


def _count(counted: str, consumer_ids: Sequence[int], now: datetime) -> dict[int, int]:
    query = f"SELECT c.id, {counted} WHERE c.id = ANY(%(consumers)s)"
    with connection.cursor() as cursor:
        cursor.execute(query, {"now": now, "consumers": list(consumer_ids)})
        return dict(cursor.fetchall())
