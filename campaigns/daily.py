"""The figures of a brand by day, over all its campaigns: a roll-up, and what has come since.

Tallies and answers are added to `DailyFigure` once each, in the transaction that marks them as
added; whoever reads sums the roll-up and what is not marked in one statement, and so at one
moment. No recipient and no campaign is read.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson
from django.db import connection, transaction

from conversations.services import mark_answers_counted

_ADD = """
INSERT INTO campaigns_dailyfigure
    (account_id, day, handoff_id, skill_id, app_name, state, reason, n)
SELECT account_id, day, handoff_id, skill_id, app_name, state, reason, sum(n) FROM added
GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
ON CONFLICT (account_id, day, handoff_id, skill_id, app_name, state, reason)
DO UPDATE SET n = campaigns_dailyfigure.n + excluded.n
"""
_ROLL_TALLIES = f"""
WITH added AS (
    UPDATE campaigns_campaigntally SET is_rolled = true WHERE id = ANY(ARRAY(
        SELECT id FROM campaigns_campaigntally WHERE NOT is_rolled
        LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
    RETURNING account_id, day, handoff_id, skill_id, app_name, state, reason, n
),
summed AS ({_ADD})
SELECT count(*) FROM added
"""
_ANSWERED = """
    SELECT c.account_id, (c.created_at AT TIME ZONE 'UTC')::date AS day, c.handoff_id, c.skill_id,
           coalesce(m.app_name, '') AS app_name, 'replied' AS state, '' AS reason, 1 AS n
    FROM {routes} r
    JOIN campaigns_campaign c ON c.public_id = r.campaign_id
    LEFT JOIN campaigns_outboundmessage m ON m.public_id = r.message_id
"""
_GIVEN = """(SELECT * FROM jsonb_to_recordset(%(answers)s::jsonb)
        AS told(campaign_id text, message_id uuid))"""
_ROLL_ANSWERS = f"WITH added AS ({_ANSWERED.format(routes=_GIVEN)}) {_ADD}"


@transaction.atomic
def roll_up(*, limit: int) -> int:
    """Add so many tallies and answers to the daily figures; returns how many there were."""
    answers = mark_answers_counted(limit=limit)
    with connection.cursor() as cursor:
        if answers:
            rows = [{"campaign_id": one, "message_id": str(other)} for one, other in answers]
            cursor.execute(_ROLL_ANSWERS, {"answers": orjson.dumps(rows).decode()})
        cursor.execute(_ROLL_TALLIES, {"limit": limit})
        return len(answers) + int(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days (UTC, both included) of one kind of handoff; None does not narrow."""

    first: date
    last: date
    kind: str
    app_name: str | None = None
    handoff_id: int | None = None
    skill_id: int | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of messages by state, and of those that were not sent by state and reason."""

    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)


_NARROWED = """
    AND {a}.handoff_id IN (SELECT id FROM handoffs_handoff
        WHERE account_id = %(account)s AND kind = %(kind)s)
    AND (%(handoff)s::bigint IS NULL OR {a}.handoff_id = %(handoff)s)
    AND (%(skill)s::bigint IS NULL OR {a}.skill_id = %(skill)s)
    AND (%(app)s::text IS NULL OR {a}.app_name = %(app)s)
    AND {a}.day BETWEEN %(first)s AND %(last)s
"""
_FIGURES = f"""
WITH found AS (
    SELECT d.day, d.handoff_id, d.skill_id, d.state, d.reason, d.n
    FROM campaigns_dailyfigure d WHERE d.account_id = %(account)s {_NARROWED.format(a="d")}
    UNION ALL
    SELECT t.day, t.handoff_id, t.skill_id, t.state, t.reason, t.n
    FROM campaigns_campaigntally t
    WHERE t.account_id = %(account)s AND NOT t.is_rolled {_NARROWED.format(a="t")}
    UNION ALL
    SELECT a.day, a.handoff_id, a.skill_id, a.state, a.reason, a.n FROM (
        {_ANSWERED.format(routes="conversations_replyroute")}
        WHERE r.account_id = %(account)s AND r.replied_at IS NOT NULL AND NOT r.is_counted
    ) a WHERE a.account_id = %(account)s {_NARROWED.format(a="a")}
)
SELECT {{by}} AS key, state, reason, sum(n)::bigint FROM found
GROUP BY 1, 2, 3 HAVING sum(n) <> 0 ORDER BY 1
"""
DAY, HANDOFF, SKILL = "day", "handoff_id", "skill_id"


def figures(account_id: int, span: Span, *, by: str) -> dict[Any, Figures]:
    """The figures of each day, handoff or skill (``by``) that has any; exact at this moment."""
    if by not in {DAY, HANDOFF, SKILL}:
        raise ValueError(by)
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES.format(by=by), _parameters(account_id, span))
        rows: Sequence[Any] = cursor.fetchall()
    found: dict[Any, Figures] = {}
    for key, state, reason, n in rows:
        one = found.setdefault(key, Figures())
        one.states[state] += n
        if reason:
            one.reasons[state, reason] += n
    return found


def _parameters(account_id: int, span: Span) -> Mapping[str, Any]:
    return {
        "account": account_id,
        "kind": span.kind,
        "handoff": span.handoff_id,
        "skill": span.skill_id,
        "app": span.app_name,
        "first": span.first,
        "last": span.last,
    }
