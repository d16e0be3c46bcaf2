"""What holds up campaigns: providers of their apps that are left alone for now (D8)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from campaigns.models import Campaign
from push.breakers import SWITCHED_OFF
from push.models import ProviderKind

# Hosts that all credentials of the provider share; others are known to be a credential's host by
# its own breaker there.
_SHARED_HOSTS = (ProviderKind.FCM, ProviderKind.APNS)

# No recipient is read: a campaign that is going out is held up where one of its apps is.
_HELD_UP = """
SELECT DISTINCT ON (c.id, p.bundle_id, k.platform)
       c.id, p.bundle_id, k.platform, k.provider, held.reason, held.since, held.next_try_at
FROM campaigns_campaign c
JOIN accounts_app p ON p.account_id = c.account_id
 AND p.bundle_id IN (SELECT jsonb_array_elements_text(c.handoff_snapshot->'app_names'))
JOIN push_pushcredential k ON k.app_id = p.id
CROSS JOIN LATERAL (
    SELECT b.reason, b.opened_at AS since, b.probe_at AS next_try_at FROM push_breaker b
    WHERE b.opened_at IS NOT NULL AND k.is_enabled AND (
        b.credential_id = k.id
        OR (b.credential_id IS NULL AND b.provider = k.provider AND (
            k.provider = ANY(%(shared)s) OR EXISTS (SELECT 1 FROM push_breaker own
                WHERE own.credential_id = k.id AND own.origin = b.origin))))
    UNION ALL
    SELECT %(switched_off)s, k.switched_off_at, NULL
    WHERE k.switched_off_at > c.created_at AND NOT EXISTS (SELECT 1 FROM push_pushcredential next
        WHERE next.app_id = k.app_id AND next.platform = k.platform AND next.is_enabled)
) held
WHERE c.id = ANY(%(campaigns)s)
ORDER BY c.id, p.bundle_id, k.platform, held.since
"""


@dataclass(frozen=True, slots=True)
class HeldUp:
    """An app whose pushes to a platform wait; ``next_try_at`` is None where nothing is tried."""

    app_name: str
    platform: str
    provider: str
    reason: str
    since: datetime
    next_try_at: datetime | None


def find_held_up(campaigns: Sequence[Campaign]) -> dict[int, list[HeldUp]]:
    """What holds up each of these, by primary key, in one query; all of them are going out."""
    found: dict[int, list[HeldUp]] = defaultdict(list)
    if not campaigns:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            _HELD_UP,
            {
                "campaigns": [campaign.pk for campaign in campaigns],
                "shared": list(_SHARED_HOSTS),
                "switched_off": SWITCHED_OFF,
            },
        )
        for campaign_id, *fields in cursor.fetchall():
            found[campaign_id].append(HeldUp(*fields))
    return found
