"""The hand-written SQL of the hot path: claim, settle, release. No rules here.

Every statement is one round trip, and due times are by the database's clock alone (the time of the
statement, not of its transaction). Writes after a claim name the row's fence, so a worker that woke
up after its lease ended changes nothing (``docs/architecture.md``, The way of a message).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

_PENDING = "state IN ('queued', 'sending')"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that this worker holds until its lease ends; ``waited_for`` is why it was put off."""

    id: int
    public_id: UUID
    account_id: int
    campaign_id: int
    consumer_ref: str
    title: str
    text: str
    fence: int
    attempts: int
    expires_at: datetime
    created_at: datetime
    was: str
    waited_for: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a claimed row becomes: a final state, or queued again, due in ``due_in`` seconds or at
    ``due_at``."""

    id: int
    fence: int
    state: str
    reason: str = ""
    app_name: str = ""
    due_in: float | None = None
    started: int = 0
    lane: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A line for the timeline, written only while the row's fence is still ours."""

    message_id: int
    account_id: int
    fence: int
    kind: str
    at: datetime
    device_id: int | None = None
    provider: str = ""
    outcome: str = ""
    reason: str = ""
    detail: str = ""
    provider_id: str = ""
    elapsed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A row whose fence still matched."""

    id: int
    public_id: UUID
    state: str
    account_id: int
    campaign_id: int


def _json(rows: Iterable[Any]) -> str:
    return orjson.dumps(list(rows)).decode()


# A loose index scan over the accounts of a lane, then an equal share of due rows from each account
# that is due. Of the rows that are not due at most one an account is read: its first index entry.
CLAIM = f"""
WITH RECURSIVE turn AS (
    (SELECT account_id, due_at FROM campaigns_outboundmessage
     WHERE lane = %(lane)s AND {_PENDING} ORDER BY account_id, due_at LIMIT 1)
    UNION ALL
    SELECT n.account_id, n.due_at FROM turn t CROSS JOIN LATERAL (
        SELECT account_id, due_at FROM campaigns_outboundmessage
        WHERE lane = %(lane)s AND {_PENDING} AND account_id > t.account_id
        ORDER BY account_id, due_at LIMIT 1) n
),
due AS (
    SELECT account_id, (%(quotas)s::jsonb ->> account_id::text)::int AS quota FROM turn
    WHERE due_at <= statement_timestamp() AND %(quotas)s::jsonb ->> account_id::text
          IS DISTINCT FROM '0'
    ORDER BY random() LIMIT %(limit)s
),
mine AS MATERIALIZED (
    SELECT r.id, r.was, r.waited_for FROM due CROSS JOIN LATERAL (
        SELECT id, state AS was, reason AS waited_for FROM campaigns_outboundmessage
        WHERE lane = %(lane)s AND account_id = due.account_id AND {_PENDING}
          AND due_at <= statement_timestamp()
        ORDER BY due_at
        LIMIT (SELECT least(due.quota, greatest(1, %(limit)s / count(*))) FROM due AS every)
        FOR UPDATE SKIP LOCKED) r
    LIMIT %(limit)s
)
UPDATE campaigns_outboundmessage m
SET state = 'sending', reason = '', fence = m.fence + 1,
    due_at = statement_timestamp() + %(lease)s * interval '1 second'
FROM mine WHERE m.id = mine.id
RETURNING m.id, m.public_id, m.account_id, m.campaign_id, m.consumer_ref, m.title, m.text,
          m.fence, m.attempts, m.expires_at, m.created_at, mine.was, mine.waited_for
"""


def claim(
    *, lane: str, limit: int, lease: timedelta, quotas: Mapping[int, int] | None = None
) -> list[Claimed]:
    """Take up to ``limit`` due rows of a lane, all accounts in equal shares, for ``lease``.

    ``quotas`` says of some accounts how many rows may be taken of them at most.
    """
    given = orjson.dumps({str(account): n for account, n in (quotas or {}).items()}).decode()
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {"lane": lane, "limit": limit, "lease": lease.total_seconds(), "quotas": given},
        )
        return [Claimed(*row) for row in cursor.fetchall()]


# Rows, tallies of what became final, and nothing for rows that another worker holds by now.
_SETTLE = """
WITH kept AS (
    UPDATE campaigns_outboundmessage m
    SET state = r.state, reason = r.reason, attempts = m.attempts + r.started,
        app_name = CASE WHEN r.app_name <> '' THEN r.app_name ELSE m.app_name END,
        lane = CASE WHEN r.lane <> '' THEN r.lane ELSE m.lane END,
        due_at = coalesce(r.due_at, statement_timestamp() + r.due_in * interval '1 second',
                          m.due_at),
        finished_at = CASE WHEN r.state <> 'queued' THEN %(now)s::timestamptz END
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id bigint, fence int, state text, reason text,
        app_name text, due_in float8, started int, lane text, due_at timestamptz)
    WHERE m.id = r.id AND m.fence = r.fence AND m.state = 'sending'
    RETURNING m.id, m.public_id, m.account_id, m.campaign_id, m.state, m.reason, m.app_name,
              m.created_at
),
counted AS (
    INSERT INTO campaigns_campaigntally
        (account_id, campaign_id, app_name, handoff_id, skill_id, day, state, reason, n)
    SELECT k.account_id, k.campaign_id, k.app_name, c.handoff_id, c.skill_id,
           (k.created_at AT TIME ZONE 'UTC')::date, k.state, k.reason, count(*)
    FROM kept k JOIN campaigns_campaign c ON c.id = k.campaign_id
    WHERE k.state <> 'queued'
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
)
SELECT id, public_id, state, account_id, campaign_id FROM kept
"""

_EVENTS = """
INSERT INTO campaigns_messageevent
    (account_id, message_id, at, kind, fence, device_id, provider, outcome, reason, detail,
     provider_id, elapsed_ms)
SELECT r.account_id, r.message_id, r.at, r.kind, r.fence, r.device_id, r.provider, r.outcome,
       r.reason, r.detail, r.provider_id, r.elapsed_ms
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(message_id bigint, account_id bigint, fence int,
     kind text, at timestamptz, device_id bigint, provider text, outcome text, reason text,
     detail text, provider_id text, elapsed_ms int)
JOIN campaigns_outboundmessage m ON m.id = r.message_id AND m.fence = r.fence
ORDER BY r.at
"""


def settle(settled: Sequence[Settled], *, now: datetime) -> list[Kept]:
    """Write what claimed rows became, and count it; rows taken over by others stay as they are."""
    if not settled:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, {"rows": _json(settled), "now": now})
        return [Kept(*row) for row in cursor.fetchall()]


def write_events(events: Sequence[Event]) -> None:
    """Add lines to timelines; lines of rows taken over by others are dropped."""
    if not events:
        return
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, {"rows": _json(events)})


def release(rows: Sequence[Claimed]) -> int:
    """Put rows that were not started back at once; returns how many were still ours."""
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_outboundmessage m"
            " SET state = 'queued', due_at = statement_timestamp()"
            " FROM unnest(%s::bigint[], %s::int[]) AS r(id, fence)"
            " WHERE m.id = r.id AND m.fence = r.fence AND m.state = 'sending'",
            [[row.id for row in rows], [row.fence for row in rows]],
        )
        return int(cursor.rowcount)


def due_lanes(lanes: Sequence[str], *, overdue: timedelta = timedelta()) -> list[str]:
    """The lanes that have a row due since ``overdue`` or longer."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lane FROM unnest(%s::text[]) AS l(lane) WHERE EXISTS ("
            f" SELECT 1 FROM campaigns_outboundmessage m WHERE m.lane = l.lane AND {_PENDING}"
            " AND m.due_at <= statement_timestamp() - %s * interval '1 second')",
            [list(lanes), overdue.total_seconds()],
        )
        return [lane for (lane,) in cursor.fetchall()]


def clock(*, lock_timeout: str | None = None) -> datetime:
    """The database's time, which all due times are by. With ``lock_timeout`` the transaction waits
    no longer than that for a lock from here on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement_timestamp(),"
            " CASE WHEN %(most)s::text IS NOT NULL"
            " THEN set_config('lock_timeout', %(most)s, true) END",
            {"most": lock_timeout},
        )
        now: datetime = cursor.fetchone()[0]
    return now
