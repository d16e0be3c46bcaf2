"""The hand-written SQL of counts: how full the queue is, and tallies folded into fewer rows."""

from django.db import connection

# The lookback begins when a message may first go out, so that is when it began to wait.
_DEPTHS = """
SELECT q.lane, q.state, sum(q.n)::bigint, greatest(0, extract(epoch FROM max(statement_timestamp()
    + (c.handoff_snapshot->>'lookback_seconds')::int * interval '1 second' - q.expires_at)))::float8
FROM (
    SELECT lane, state, campaign_id, count(*) AS n, min(expires_at) AS expires_at
    FROM campaigns_outboundmessage WHERE state IN ('queued', 'sending') GROUP BY 1, 2, 3
) q JOIN campaigns_campaign c ON c.id = q.campaign_id
GROUP BY 1, 2
"""


def queue_depths() -> list[tuple[str, str, int, float]]:
    """For metrics: lane, state, rows, and for how long, in seconds, the oldest could have gone."""
    with connection.cursor() as cursor:
        cursor.execute(_DEPTHS)
        return list(cursor.fetchall())


# A fold keeps sums and can run beside anything: locked rows are left for the next time.
_FOLD = """
WITH old AS (
    DELETE FROM campaigns_campaigntally WHERE id = ANY(ARRAY(
        SELECT id FROM campaigns_campaigntally WHERE campaign_id IN (
            SELECT campaign_id FROM campaigns_campaigntally
            GROUP BY campaign_id HAVING count(*) > %(keep)s LIMIT 500)
        FOR UPDATE SKIP LOCKED))
    RETURNING account_id, campaign_id, app_name, handoff_id, skill_id, day, state, reason, n,
              is_rolled
)
INSERT INTO campaigns_campaigntally
    (account_id, campaign_id, app_name, handoff_id, skill_id, day, state, reason, is_rolled, n)
SELECT account_id, campaign_id, app_name, handoff_id, skill_id, day, state, reason, is_rolled,
       sum(n)
FROM old GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""


def fold_tallies(*, keep: int = 50) -> int:
    """Fold the deltas of campaigns that have more than ``keep`` rows; returns rows written."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, {"keep": keep})
        return int(cursor.rowcount)
