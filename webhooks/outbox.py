"""The hand-written SQL of the outbox: store events with their deliveries, record tries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from common.claims import Queue
from webhooks.events import NewEvent, body_of
from webhooks.models import new_event_id

# Each endpoint is a share, so that one with a long queue holds up no other.
QUEUE = Queue(table="webhooks_webhookdelivery", share="endpoint_id")

_SUBSCRIPTIONS = """
SELECT a.id, a.number, array_agg(DISTINCT t.type)
FROM webhooks_webhookendpoint e
JOIN accounts_account a ON a.id = e.account_id
CROSS JOIN LATERAL unnest(e.event_types) AS t(type)
WHERE e.account_id = ANY(%s) AND e.is_enabled
GROUP BY a.id
"""


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Which types of events somebody listens to, by account; fetched once for many events."""

    numbers: Mapping[int, int]
    types: Mapping[int, frozenset[str]]

    def wants(self, account_id: int, *types: str) -> bool:
        return not self.types.get(account_id, frozenset()).isdisjoint(types)


def subscriptions(account_ids: Iterable[int]) -> Subscriptions:
    """One small query, whatever the number of accounts."""
    with connection.cursor() as cursor:
        cursor.execute(_SUBSCRIPTIONS, [sorted(set(account_ids))])
        rows = cursor.fetchall()
    return Subscriptions(
        {account_id: number for account_id, number, _ in rows},
        {account_id: frozenset(types) for account_id, _, types in rows},
    )


# What is told one time only conflicts with itself, and then has no deliveries either.
_STORE = """
WITH stored AS (
    INSERT INTO webhooks_webhookevent
        (account_id, public_id, type, body, once, campaign_id, created_at)
    SELECT account_id, public_id, type, body, once, campaign_id, at
    FROM jsonb_to_recordset(%(events)s::jsonb) AS r(account_id bigint, public_id text, type text,
        body text, once text, campaign_id text, at timestamptz)
    ON CONFLICT (account_id, once) WHERE NOT once = '' DO NOTHING
    RETURNING id, account_id, type, created_at
)
INSERT INTO webhooks_webhookdelivery
    (account_id, endpoint_id, event_id, state, fence, attempts, due_at, created_at, last_error)
SELECT s.account_id, e.id, s.id, 'queued', 0, 0, statement_timestamp(), s.created_at, ''
FROM stored s JOIN webhooks_webhookendpoint e
  ON e.account_id = s.account_id AND e.is_enabled AND s.type = ANY(e.event_types)
ORDER BY s.id, e.id
"""


def store(events: Sequence[NewEvent], *, numbers: Mapping[int, int]) -> int:
    """Store events and a delivery for each endpoint that wants them; returns the deliveries."""
    rows = [
        {
            "account_id": event.account_id,
            "public_id": new_event_id(),
            "type": event.type,
            "body": body_of(event, account_number=numbers[event.account_id]),
            "once": event.once,
            "campaign_id": event.data.get("campaignId") or "",
            "at": event.at,
        }
        for event in events
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, {"events": orjson.dumps(rows).decode()})
        return int(cursor.rowcount)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one call; queued again in ``due_in`` seconds, or final."""

    id: int
    fence: int
    endpoint_id: int
    state: str
    error: str = ""
    status: int | None = None
    elapsed_ms: int | None = None
    due_in: float | None = None
    started: int = 1


_RECORD = """
UPDATE webhooks_webhookdelivery d
SET state = r.state, attempts = d.attempts + r.started,
    last_tried_at = CASE WHEN r.started > 0 THEN %(now)s::timestamptz ELSE d.last_tried_at END,
    last_status = r.status, last_error = r.error, last_elapsed_ms = r.elapsed_ms,
    due_at = coalesce(statement_timestamp() + r.due_in * interval '1 second', d.due_at),
    finished_at = CASE WHEN r.state <> 'queued' THEN %(now)s::timestamptz END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id bigint, fence int, state text, error text,
    status int, elapsed_ms int, due_in float8, started int)
WHERE d.id = r.id AND d.fence = r.fence AND d.state = 'sending'
RETURNING d.id
"""


def record(tried: Sequence[Tried], *, now: datetime) -> set[int]:
    """Write results; rows that another worker holds by now stay as they are. Returns the others."""
    if not tried:
        return set()
    rows: list[dict[str, Any]] = [
        {
            "id": entry.id,
            "fence": entry.fence,
            "state": entry.state,
            "error": entry.error,
            "status": entry.status,
            "elapsed_ms": entry.elapsed_ms,
            "due_in": entry.due_in,
            "started": entry.started,
        }
        for entry in tried
    ]
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, {"rows": orjson.dumps(rows).decode(), "now": now})
        return {pk for (pk,) in cursor.fetchall()}


# ARRAY has the rows chosen once, and so no more than the limit.
_FORGET_DELIVERIES = """
DELETE FROM webhooks_webhookdelivery WHERE id = ANY(ARRAY(
    SELECT id FROM webhooks_webhookdelivery
    WHERE finished_at < CASE WHEN state = 'delivered' THEN %(delivered)s::timestamptz
                             ELSE %(undelivered)s::timestamptz END
      AND finished_at < greatest(%(delivered)s::timestamptz, %(undelivered)s::timestamptz)
    ORDER BY finished_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
"""
_FORGET_DELETED = """
DELETE FROM webhooks_webhookdelivery WHERE id = ANY(ARRAY(
    SELECT d.id FROM webhooks_webhookdelivery d
    JOIN webhooks_webhookendpoint e ON e.id = d.endpoint_id
    WHERE e.deleted_at IS NOT NULL LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED))
"""
_FORGET_EVENTS = """
DELETE FROM webhooks_webhookevent WHERE id = ANY(ARRAY(
    SELECT id FROM webhooks_webhookevent e
    WHERE e.created_at < %(delivered)s AND NOT EXISTS (
        SELECT 1 FROM webhooks_webhookdelivery d WHERE d.event_id = e.id)
    ORDER BY e.created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
"""


def forget(*, delivered: datetime, undelivered: datetime, limit: int) -> int:
    """Delete one batch of each: deliveries that ended before these times, those of deleted
    webhooks, events that nobody has any more. Returns rows deleted."""
    given: dict[str, Any] = {"delivered": delivered, "undelivered": undelivered, "limit": limit}
    deleted = 0
    for statement in (_FORGET_DELIVERIES, _FORGET_DELETED, _FORGET_EVENTS):
        with connection.cursor() as cursor:
            cursor.execute(statement, given)
            deleted += cursor.rowcount
    return deleted
