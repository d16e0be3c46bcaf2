"""The fenced claim for small queues: rows of a table that are taken, leased and given back.

The table has the columns id, state (``queued``, ``sending`` or final), fence and due_at, and a
partial index on (share, due_at) of the rows that are not final. Each claim raises the fence, and
every later write names it: a worker that wakes up after its lease ended changes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

_PENDING = "state IN ('queued', 'sending')"


@dataclass(frozen=True, slots=True)
class Queue:
    """``table`` and ``share`` are names of our own, never a caller's: they become SQL.

    Rows with the same ``share`` (a column) take turns with those of another.
    """

    table: str
    share: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that this worker holds until its lease ends; ``was`` is ``sending`` when another
    worker's lease ended before."""

    id: int
    fence: int
    was: str


# A loose index scan: of each share the row that is due first.
_TURN = f"""
WITH RECURSIVE turn AS (
    (SELECT {{share}} AS share, due_at FROM {{table}}
     WHERE {_PENDING} ORDER BY {{share}}, due_at LIMIT 1)
    UNION ALL
    SELECT n.share, n.due_at FROM turn t CROSS JOIN LATERAL (
        SELECT {{share}} AS share, due_at FROM {{table}}
        WHERE {_PENDING} AND {{share}} > t.share ORDER BY {{share}}, due_at LIMIT 1) n
)"""

# As the ledger's: due rows of all shares in equal parts.
_CLAIM = f"""{_TURN},
due AS (
    SELECT share FROM turn
    WHERE due_at <= statement_timestamp() AND share <> ALL(%(skip)s::bigint[])
    ORDER BY random() LIMIT %(limit)s
),
mine AS MATERIALIZED (
    SELECT r.id, r.was FROM due CROSS JOIN LATERAL (
        SELECT id, state AS was FROM {{table}}
        WHERE {{share}} = due.share AND {_PENDING} AND due_at <= statement_timestamp()
        ORDER BY due_at
        LIMIT (SELECT greatest(1, %(limit)s / count(*)) FROM due)
        FOR UPDATE SKIP LOCKED) r
    LIMIT %(limit)s
)
UPDATE {{table}} q
SET state = 'sending', fence = q.fence + 1,
    due_at = statement_timestamp() + %(lease)s * interval '1 second'
FROM mine WHERE q.id = mine.id
RETURNING q.id, q.fence, mine.was
"""


def claim(queue: Queue, *, limit: int, lease: timedelta, skip: Collection[int] = ()) -> list[Claim]:
    """Take up to ``limit`` due rows for ``lease``, all shares but ``skip`` in equal parts."""
    statement = _CLAIM.format(table=queue.table, share=queue.share)
    with connection.cursor() as cursor:
        cursor.execute(
            statement, {"limit": limit, "lease": lease.total_seconds(), "skip": list(skip)}
        )
        return [Claim(*row) for row in cursor.fetchall()]


def release(queue: Queue, claims: Sequence[Claim], *, wait: float = 0.0) -> int:
    """Put rows back uncounted, due in ``wait`` seconds; returns how many were still ours."""
    if not claims:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {queue.table} q SET state = 'queued',"
            " due_at = statement_timestamp() + %s * interval '1 second'"
            " FROM unnest(%s::bigint[], %s::int[]) AS r(id, fence)"
            " WHERE q.id = r.id AND q.fence = r.fence AND q.state = 'sending'",
            [wait, [row.id for row in claims], [row.fence for row in claims]],
        )
        return int(cursor.rowcount)


_IS_DUE = f"""{_TURN}
SELECT EXISTS (SELECT 1 FROM turn
    WHERE due_at <= statement_timestamp() - %s * interval '1 second')
"""


def is_due(queue: Queue, *, overdue: timedelta = timedelta()) -> bool:
    """Whether a row is due since ``overdue`` or longer."""
    statement = _IS_DUE.format(table=queue.table, share=queue.share)
    with connection.cursor() as cursor:
        cursor.execute(statement, [overdue.total_seconds()])
        found: bool = cursor.fetchone()[0]
        return found
