"""The hand-written SQL of pushes of agents' messages: record what came of them, forget old ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from django.db import connection

from common.claims import Queue

# Each account is a share, so that a brand with much to say holds up no other.
QUEUE = Queue(table="conversations_replypush", share="account_id")


@dataclass(frozen=True, slots=True)
class Settled:
    """What a push becomes: queued again in ``due_in`` seconds, or final. ``tries`` replaces what
    the row knows of each device, unless it is empty."""

    id: int
    fence: int
    state: str
    reason: str = ""
    due_in: float | None = None
    started: int = 0
    tries: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


_RECORD = """
UPDATE conversations_replypush p
SET state = r.state, reason = r.reason, attempts = p.attempts + r.started,
    tries = CASE WHEN r.tries = '{}' THEN p.tries ELSE r.tries END,
    due_at = coalesce(statement_timestamp() + r.due_in * interval '1 second', p.due_at),
    finished_at = CASE WHEN r.state <> 'queued' THEN %(now)s::timestamptz END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id bigint, fence int, state text, reason text,
    due_in float8, started int, tries jsonb)
WHERE p.id = r.id AND p.fence = r.fence AND p.state = 'sending'
RETURNING p.id
"""


def record(settled: Sequence[Settled], *, now: datetime) -> set[int]:
    """Write results; rows that another worker holds by now stay as they are. Returns the others."""
    if not settled:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, {"rows": orjson.dumps(settled).decode(), "now": now})
        return {pk for (pk,) in cursor.fetchall()}


# ARRAY has the rows chosen once, and so no more than the limit.
_FORGET = """
DELETE FROM conversations_replypush WHERE id = ANY(ARRAY(
    SELECT id FROM conversations_replypush WHERE finished_at < %s
    ORDER BY finished_at LIMIT %s FOR UPDATE SKIP LOCKED))
"""


def forget(*, finished_before: datetime, limit: int) -> int:
    """Delete one batch of pushes that ended before; returns rows deleted."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [finished_before, limit])
        return int(cursor.rowcount)
