"""The hand-written SQL of cancelling: what no worker holds ends in one statement, counted."""

from datetime import datetime
from uuid import UUID

from django.db import connection

_CANCEL = """
WITH gone AS (
    UPDATE campaigns_outboundmessage
    SET state = 'cancelled', reason = 'campaign_cancelled', finished_at = %(now)s
    WHERE campaign_id = %(campaign)s AND state = 'queued'
    RETURNING id, public_id, account_id, fence
),
told AS (
    INSERT INTO campaigns_messageevent
        (account_id, message_id, at, kind, fence, device_id, provider, outcome, reason, detail,
         provider_id)
    SELECT account_id, id, %(now)s, 'cancelled', fence, NULL, '', '', 'campaign_cancelled', '', ''
    FROM gone
),
counted AS (
    INSERT INTO campaigns_campaigntally
        (account_id, campaign_id, app_name, handoff_id, skill_id, day, state, reason, n)
    SELECT c.account_id, c.id, '', c.handoff_id, c.skill_id,
           (c.created_at AT TIME ZONE 'UTC')::date, 'cancelled', 'campaign_cancelled', g.n
    FROM campaigns_campaign c, (SELECT count(*) AS n FROM gone) g
    WHERE c.id = %(campaign)s AND g.n > 0
)
SELECT public_id FROM gone
"""


def cancel_queued(*, campaign_id: int, now: datetime) -> list[UUID]:
    """End the rows of a campaign that no worker holds; returns their public ids."""
    with connection.cursor() as cursor:
        cursor.execute(_CANCEL, {"campaign": campaign_id, "now": now})
        return [public_id for (public_id,) in cursor.fetchall()]
