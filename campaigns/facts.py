"""What the rules need to know about a slice of claimed rows, fetched in a handful of queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from campaigns.eligibility import (
    CampaignFacts,
    ConsumerFacts,
    DeviceFacts,
    MessageFacts,
    PastTries,
)
from campaigns.ledger import Claimed
from campaigns.past_tries import fetch_past_tries
from campaigns.windows import Schedule, load_windows
from conversations.selectors import consumers_in_conversation
from conversations.unread import unopened_counts

_FIND_CONSUMERS = """
SELECT c.account_id, c.ref, c.id, c.last_login_at IS NOT NULL, c.opted_out_at IS NOT NULL
FROM consumers_consumer c
JOIN unnest(%s::bigint[], %s::text[]) AS w(account_id, ref)
  ON w.account_id = c.account_id AND w.ref = c.ref
ORDER BY c.id
"""
# Delivery and the opening of a conversation lock the same rows, so that one sees the other (E2).
# FOR NO KEY UPDATE lets foreign keys be checked meanwhile.
_LOCK = "FOR NO KEY UPDATE OF c"
_LOCK_FREE = "FOR NO KEY UPDATE OF c SKIP LOCKED"

_CAMPAIGNS = """
SELECT c.id, c.public_id, a.number, c.account_id, c.name, c.skill_name, c.skill_id,
       c.le_campaign_id, c.le_engagement_id, c.source, c.cancelled_at IS NOT NULL,
       c.handoff_snapshot, c.windows, c.start_at, a.time_zone,
       coalesce((SELECT array_agg(p.id) FROM accounts_app p WHERE p.account_id = c.account_id
         AND p.bundle_id IN (SELECT jsonb_array_elements_text(c.handoff_snapshot->'app_names'))),
         '{}')
FROM campaigns_campaign c JOIN accounts_account a ON a.id = c.account_id
WHERE c.id = ANY(%s)
"""

_SWITCHED_OFF = """
FROM push_pushcredential o
WHERE o.app_id = d.app_id AND o.platform = d.platform AND o.switched_off_at IS NOT NULL
"""
_DEVICES = f"""
SELECT d.consumer_id, d.id, d.app_id, p.bundle_id, p.name, d.platform, d.token, d.p256dh, d.auth,
       d.environment, d.sdk_version, d.time_zone,
       CASE WHEN d.platform = 'ios' THEN p.min_ios_sdk
            WHEN d.platform IN ('android', 'huawei') THEN
                CASE WHEN d.is_androidx THEN p.min_androidx_sdk ELSE p.min_android_sdk END
            ELSE '' END,
       d.logged_out_at IS NULL, d.logout_type,
       coalesce(k.id, (SELECT o.id {_SWITCHED_OFF} ORDER BY o.switched_off_at DESC LIMIT 1)),
       CASE WHEN k.id IS NULL THEN (SELECT max(o.switched_off_at) {_SWITCHED_OFF}) END
FROM consumers_device d
JOIN accounts_app p ON p.id = d.app_id
LEFT JOIN push_pushcredential k
  ON k.app_id = d.app_id AND k.platform = d.platform AND k.is_enabled
WHERE d.consumer_id = ANY(%s) AND d.removed_at IS NULL
ORDER BY d.last_seen_at DESC, d.id DESC
"""

_APPS_WITH_CREDENTIALS = """
SELECT app_id, CASE WHEN NOT bool_or(is_enabled) THEN max(switched_off_at) END
FROM push_pushcredential
WHERE app_id = ANY(%s) AND (is_enabled OR switched_off_at IS NOT NULL)
GROUP BY app_id
"""

# By the same rule as MessageFacts.time_zone.
_TIME_ZONES = """
SELECT c.ref, newest.time_zone FROM consumers_consumer c CROSS JOIN LATERAL (
    SELECT d.time_zone FROM consumers_device d
    WHERE d.consumer_id = c.id AND d.removed_at IS NULL AND d.time_zone <> ''
    ORDER BY d.last_seen_at DESC, d.id DESC LIMIT 1
) newest
WHERE c.account_id = %s AND c.ref = ANY(%s)
"""


def lock_and_fetch(rows: Sequence[Claimed], *, now: datetime) -> list[tuple[Claimed, MessageFacts]]:
    """Lock the consumers of the rows and fetch all facts; to be called inside a transaction."""
    consumers = _find_consumers(rows, now, lock=_LOCK)
    campaigns = _fetch_campaigns({row.campaign_id for row in rows})
    return _fetch(rows, consumers, campaigns)


def lock_and_fetch_free(
    rows: Sequence[Claimed], *, now: datetime
) -> list[tuple[Claimed, MessageFacts]]:
    """The same but for rows whose consumers somebody else has locked: they are left out."""
    consumers = _find_consumers(rows, now, lock=_LOCK_FREE)
    locked = _known(rows) - consumers.keys()
    free = [row for row in rows if (row.account_id, row.consumer_ref) not in locked]
    return _fetch(free, consumers, _fetch_campaigns({row.campaign_id for row in free}))


def fetch_unlocked(
    rows: Sequence[Claimed], campaigns: Mapping[int, CampaignFacts], *, now: datetime
) -> list[tuple[Claimed, MessageFacts]]:
    """The same facts for rows of campaigns that are not stored; nothing is locked or written."""
    return _fetch(rows, _find_consumers(rows, now), campaigns)


def fetch_time_zones(account_id: int, refs: Sequence[str]) -> dict[str, str]:
    """The time zone of each consumer whose device told one."""
    with connection.cursor() as cursor:
        cursor.execute(_TIME_ZONES, [account_id, list(refs)])
        return dict(cursor.fetchall())


def _fetch(
    rows: Sequence[Claimed],
    consumers: Mapping[tuple[int, str], ConsumerFacts],
    campaigns: Mapping[int, CampaignFacts],
) -> list[tuple[Claimed, MessageFacts]]:
    devices = _fetch_devices([consumer.id for consumer in consumers.values()])
    apps = _fetch_apps_with_credentials(campaigns.values())
    past = fetch_past_tries([row.id for row in rows if row.attempts])
    usable: dict[int, frozenset[int]] = {}
    result = []
    for row in rows:
        campaign = campaigns[row.campaign_id]
        if campaign.id not in usable:
            usable[campaign.id] = frozenset(app for app, end in apps.items() if _had(end, row))
        consumer = consumers.get((row.account_id, row.consumer_ref))
        owned = devices.get(consumer.id, []) if consumer else []
        facts = MessageFacts(
            public_id=row.public_id,
            expires_at=row.expires_at,
            campaign=campaign,
            consumer=consumer,
            devices=[_as_of(device, row) for device in owned if device.app_id in campaign.app_ids],
            apps_with_credentials=usable[campaign.id],
            time_zone=next((d.time_zone for d in owned if d.time_zone), campaign.time_zone),
            past=past.get(row.id, PastTries()),
        )
        result.append((row, facts))
    return result


def _find_consumers(
    rows: Sequence[Claimed], now: datetime, *, lock: str = ""
) -> dict[tuple[int, str], ConsumerFacts]:
    with connection.cursor() as cursor:
        cursor.execute(_FIND_CONSUMERS + lock, _wanted(rows))
        found = cursor.fetchall()
    # Asked after the locks are held: an opening that committed before them is seen.
    ids = [row[2] for row in found]
    talking, unopened = consumers_in_conversation(ids), unopened_counts(ids, now=now)
    return {
        (account_id, ref): ConsumerFacts(
            pk, ref, has_logged_in, has_opted_out, pk in talking, unopened.get(pk, 0)
        )
        for account_id, ref, pk, has_logged_in, has_opted_out in found
    }


def _known(rows: Sequence[Claimed]) -> set[tuple[int, str]]:
    """Account and id of those consumers of the rows that there are."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND_CONSUMERS, _wanted(rows))
        return {(account_id, ref) for account_id, ref, *_ in cursor.fetchall()}


def _wanted(rows: Sequence[Claimed]) -> list[list[Any]]:
    wanted = sorted({(row.account_id, row.consumer_ref) for row in rows})
    return [[account for account, _ in wanted], [ref for _, ref in wanted]]


def _fetch_campaigns(campaign_ids: Iterable[int]) -> dict[int, CampaignFacts]:
    with connection.cursor() as cursor:
        cursor.execute(_CAMPAIGNS, [list(campaign_ids)])
        return {row[0]: _campaign(row) for row in cursor.fetchall()}


def _campaign(row: tuple[Any, ...]) -> CampaignFacts:
    (pk, public_id, number, account_id, name, skill_name, skill_id, le_campaign, le_engagement,
     source, is_cancelled, handoff, windows, start_at, time_zone, app_ids) = row  # fmt: skip
    return CampaignFacts(
        id=pk,
        public_id=public_id,
        account_number=number,
        account_id=account_id,
        name=name,
        engagement_name=f"{name} · {skill_name}",
        skill_id=skill_id,
        le_campaign_id=le_campaign,
        le_engagement_id=le_engagement,
        source=source,
        is_cancelled=is_cancelled,
        handoff=_decoded(handoff),
        app_ids=tuple(app_ids),
        schedule=Schedule(load_windows(_decoded(windows)), start_at),
        time_zone=time_zone,
    )


def _decoded(value: Any) -> Any:
    """Django has raw cursors return JSON columns as text."""
    return orjson.loads(value) if isinstance(value, str) else value


def _fetch_devices(consumer_ids: list[int]) -> dict[int, list[DeviceFacts]]:
    devices: dict[int, list[DeviceFacts]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_DEVICES, [consumer_ids])
        for consumer_id, *fields in cursor.fetchall():
            devices[consumer_id].append(DeviceFacts(*fields))
    return devices


def _fetch_apps_with_credentials(
    campaigns: Iterable[CampaignFacts],
) -> dict[int, datetime | None]:
    """The apps that have or had a credential, each with the time at which its last was switched
    off; None where one is in use."""
    apps = sorted({app for campaign in campaigns for app in campaign.app_ids})
    with connection.cursor() as cursor:
        cursor.execute(_APPS_WITH_CREDENTIALS, [apps])
        return dict(cursor.fetchall())


def _had(switched_off_at: datetime | None, row: Claimed) -> bool:
    """Whether there was a credential when the message was accepted: it waits for the next one."""
    return switched_off_at is None or switched_off_at > row.created_at


def _as_of(device: DeviceFacts, row: Claimed) -> DeviceFacts:
    """The device with the credential that its app had when the message was accepted."""
    if _had(device.switched_off_at, row):
        return device
    return replace(device, credential_id=None)
