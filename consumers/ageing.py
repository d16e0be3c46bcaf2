"""Devices that nobody has seen for long leave the registry.

An app is seen when it registers or refreshes its device, and when it tells what became of a push.
"""

from datetime import datetime

from django.db import connection

STALE = "stale"

# Rows that somebody has in hand are left for the next time: nobody waits, and a device that is
# registering this very moment stays. ARRAY has the rows chosen once; a join may choose again for
# each row it compares, and take more than the limit.
_REMOVE_STALE = """
UPDATE consumers_device SET removed_at = %(now)s, removed_reason = %(reason)s
WHERE id = ANY(ARRAY(
    SELECT id FROM consumers_device
    WHERE removed_at IS NULL AND last_seen_at < %(unseen_since)s
    ORDER BY last_seen_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED))
"""


def remove_stale_devices(*, unseen_since: datetime, now: datetime, limit: int) -> int:
    """Take out one batch of the devices that were last seen before this; says how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            _REMOVE_STALE,
            {"unseen_since": unseen_since, "now": now, "limit": limit, "reason": STALE},
        )
        return int(cursor.rowcount)
