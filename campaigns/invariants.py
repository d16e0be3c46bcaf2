"""What must hold of the ledger at any moment, as queries (I1 to I9).

I5 is about the order of events inside a slice: tests show it, no query can.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

# A worker may hold a row to the end of a lease that began just before the lookback ended.
EXPIRY_GRACE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Violation:
    invariant: str
    subject: str
    fact: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.subject} {self.fact}"


_QUERIES = {
    "I1 accepted is the sum over states": """
        SELECT c.public_id, format('accepted %%s, has %%s rows', c.accepted, count(m.id))
        FROM campaigns_campaign c LEFT JOIN campaigns_outboundmessage m ON m.campaign_id = c.id
        GROUP BY c.id HAVING c.accepted <> count(m.id)
    """,
    "I1 nothing outlives its lookback": """
        SELECT public_id::text, format('is %%s since %%s', state, expires_at)
        FROM campaigns_outboundmessage
        WHERE state IN ('queued', 'sending') AND expires_at < %(expired)s
    """,
    "I2 accepted twice only after a lost answer": """
        SELECT m.public_id::text,
               format('was accepted %%s times by device %%s', count(*), e.device_id)
        FROM campaigns_messageevent e JOIN campaigns_outboundmessage m ON m.id = e.message_id
        WHERE e.kind = 'push' AND e.outcome = 'accepted'
        GROUP BY m.id, e.device_id
        HAVING count(*) > 1 AND NOT EXISTS (
            SELECT 1 FROM campaigns_messageevent u WHERE u.message_id = m.id
            AND (u.kind = 'worker_lost' OR u.outcome = 'unknown'))
    """,
    # A route is checked, and a conversation recorded, under the lock of the consumer's row, by the
    # database's clock; for how long the conversation was open is by the clock of who opened it.
    "I4 nobody is pushed to in a conversation": """
        SELECT r.message_id::text,
               format('was let go at %%s, in the conversation of %%s', r.checked_at, c.recorded_at)
        FROM conversations_conversation c
        JOIN consumers_consumer p ON p.id = c.consumer_id
        JOIN conversations_replyroute r ON r.account_id = p.account_id AND r.consumer_ref = p.ref
        WHERE r.checked_at > c.recorded_at
          AND (c.closed_at IS NULL OR r.checked_at < c.recorded_at + (c.closed_at - c.opened_at))
          AND EXISTS (SELECT 1 FROM campaigns_messageevent e
              JOIN campaigns_outboundmessage m ON m.id = e.message_id
              WHERE m.public_id = r.message_id AND e.kind = 'push')
    """,
    "I8 one account along every key": """
        SELECT m.public_id::text, 'belongs to another account than its campaign'
        FROM campaigns_outboundmessage m JOIN campaigns_campaign c ON c.id = m.campaign_id
        WHERE m.account_id <> c.account_id
        UNION ALL
        SELECT r.message_id::text, 'has a route in another account'
        FROM conversations_replyroute r
        JOIN campaigns_outboundmessage m ON m.public_id = r.message_id
        WHERE m.account_id <> r.account_id
    """,
    "I9 tallies are counts": """
        SELECT c.public_id,
               format('%%s: tallied %%s, counted %%s', state, coalesce(t.n, 0), coalesce(s.n, 0))
        FROM (
            SELECT campaign_id, state, count(*) AS n FROM campaigns_outboundmessage
            WHERE state NOT IN ('queued', 'sending') GROUP BY 1, 2
            UNION ALL SELECT campaign_id, 'delivered', count(delivered_at)
            FROM campaigns_outboundmessage GROUP BY 1
            UNION ALL SELECT campaign_id, 'opened', count(opened_at)
            FROM campaigns_outboundmessage GROUP BY 1
            UNION ALL SELECT campaign_id, 'accepted', count(*)
            FROM campaigns_outboundmessage GROUP BY 1
        ) s
        FULL JOIN (
            SELECT campaign_id, state, sum(n) AS n FROM campaigns_campaigntally GROUP BY 1, 2
        ) t USING (campaign_id, state)
        JOIN campaigns_campaign c ON c.id = campaign_id
        WHERE coalesce(t.n, 0) <> coalesce(s.n, 0)
    """,
}


def check_store(*, now: datetime) -> list[Violation]:
    """Violations found in the database alone."""
    found = []
    with connection.cursor() as cursor:
        for name, query in _QUERIES.items():
            cursor.execute(query, {"expired": now - EXPIRY_GRACE})
            found += [Violation(name, subject, fact) for subject, fact in cursor.fetchall()]
    return found


def check_log(entries: Sequence[Mapping[str, Any]]) -> list[Violation]:
    """Violations between a provider's own log and the ledger.

    Each entry names ``message`` (any spelling of the uuid) and the device's ``token``.
    I2 and I3: a pair comes twice only where an answer was lost, and always as the same message.
    I6: nothing was sent off the books.
    """
    asked = Counter((UUID(entry["message"]), entry["token"]) for entry in entries)
    with connection.cursor() as cursor:
        cursor.execute(_BOOKS, [list({message for message, _ in asked})])
        books = {public_id: (fence, repeats) for public_id, fence, repeats in cursor.fetchall()}
    found = []
    for (message, token), times in asked.items():
        fence, repeats = books.get(message, (0, 0))
        if not fence:
            found.append(Violation("I6 nothing off the books", str(message), "was never claimed"))
        elif times > 1 + repeats:
            fact = f"came {times} times to {token[:12]}, {repeats} repeats are explained"
            found.append(Violation("I3 one identity, repeated for a reason", str(message), fact))
    return found


# How often each message was claimed, and how many repeats its timeline explains.
_BOOKS = """
SELECT m.public_id, m.fence, (SELECT count(*) FROM campaigns_messageevent e
    WHERE e.message_id = m.id AND (e.kind IN ('worker_lost', 'replayed')
         OR e.outcome IN ('unknown', 'retry')))
FROM campaigns_outboundmessage m WHERE m.public_id = ANY(%s)
"""
