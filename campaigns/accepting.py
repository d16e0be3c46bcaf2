"""The hand-written SQL of accepting: what a call names, its recipients as rows of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db import connection

from handoffs.models import Handoff


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A recipient to store. ``opens_at`` is the first instant at which it may go out, None for at
    once; ``reason`` says why it has to wait until then."""

    public_id: UUID
    consumer_ref: str
    title: str
    text: str
    expires_at: datetime
    opens_at: datetime | None = None
    reason: str = ""


_NAMED = """
FROM handoffs_handoff h JOIN accounts_skill s ON s.account_id = h.account_id AND s.name = %(skill)s
WHERE h.account_id = %(account)s AND h.public_id = %(handoff)s AND h.kind = %(kind)s
  AND 'inapp' = ANY(h.channels) AND h.is_active AND h.archived_at IS NULL
"""
# What a call names, in one round trip, with the two ids of ten digits that LivePerson gives its
# campaign and engagement. The lock keeps the handoff from being archived until the call is stored,
# without making calls queue.
_TERMS = f"""
SELECT h.*, s.id AS skill_id, s.name AS skill_name,
       nextval('campaigns_le_id') AS le_campaign_id, nextval('campaigns_le_id') AS le_engagement_id
{_NAMED} FOR KEY SHARE OF h
"""
# The same for a call that is not stored: nothing is locked, no id is used up.
_TERMS_UNHELD = f"""
SELECT h.*, s.id AS skill_id, s.name AS skill_name,
       1000000000 AS le_campaign_id, 1000000000 AS le_engagement_id
{_NAMED}
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a call is carried out with."""

    handoff: Handoff
    skill_id: int
    skill_name: str
    le_campaign_id: int
    le_engagement_id: int


def hold_terms(*, account_id: int, skill_name: str, handoff_id: str, kind: str) -> Terms | None:
    """Find and hold what a call names until the transaction ends; None where it cannot be used."""
    return _terms(_TERMS, account_id, skill_name, handoff_id, kind)


def find_terms(*, account_id: int, skill_name: str, handoff_id: str, kind: str) -> Terms | None:
    """The same without holding it, and with stand-ins for the two ids."""
    return _terms(_TERMS_UNHELD, account_id, skill_name, handoff_id, kind)


def _terms(
    query: str, account_id: int, skill_name: str, handoff_id: str, kind: str
) -> Terms | None:
    named = {"account": account_id, "skill": skill_name, "handoff": handoff_id, "kind": kind}
    for handoff in Handoff.objects.raw(query, named):
        found = vars(handoff)
        return Terms(handoff, *(found[name] for name in _TERM_NAMES))
    return None


_TERM_NAMES = ("skill_id", "skill_name", "le_campaign_id", "le_engagement_id")

# One statement for any number of recipients, their tally with it. The lane is a hint: the newest
# device's provider. What may go out now is due by this clock, whatever the caller's says.
_INSERT = """
WITH stored AS (
    INSERT INTO campaigns_outboundmessage
        (public_id, account_id, campaign_id, consumer_ref, lane, state, reason, fence, attempts,
         due_at, expires_at, title, text, app_name, created_at)
    SELECT r.public_id, %(account)s, %(campaign)s, r.consumer_ref, coalesce(hint.provider, 'none'),
           'queued', r.reason, 0, 0, greatest(r.opens_at, statement_timestamp()), r.expires_at,
           r.title, r.text, '', %(now)s
    FROM jsonb_to_recordset(%(rows)s::jsonb)
             AS r(public_id uuid, consumer_ref text, title text, text text, reason text,
                  opens_at timestamptz, expires_at timestamptz)
    LEFT JOIN consumers_consumer c ON c.account_id = %(account)s AND c.ref = r.consumer_ref
    LEFT JOIN LATERAL (
        SELECT p.provider FROM consumers_device d
        JOIN push_pushcredential p
          ON p.app_id = d.app_id AND p.platform = d.platform AND p.is_enabled
        WHERE d.consumer_id = c.id AND d.removed_at IS NULL
          AND d.app_id = ANY((SELECT array_agg(id) FROM accounts_app
              WHERE account_id = %(account)s AND bundle_id = ANY(%(apps)s))::bigint[])
        ORDER BY d.last_seen_at DESC, d.id DESC LIMIT 1
    ) hint ON true
    RETURNING lane, due_at
),
counted AS (
    INSERT INTO campaigns_campaigntally
        (account_id, campaign_id, app_name, handoff_id, skill_id, day, state, reason, n)
    SELECT c.account_id, c.id, '', c.handoff_id, c.skill_id,
           (%(now)s AT TIME ZONE 'UTC')::date, 'accepted', '', s.n
    FROM campaigns_campaign c, (SELECT count(*) AS n FROM stored) s
    WHERE c.id = %(campaign)s AND s.n > 0
)
SELECT DISTINCT lane FROM stored WHERE due_at <= statement_timestamp()
"""


def insert_messages(
    *,
    account_id: int,
    campaign_id: int,
    app_names: Sequence[str],
    messages: Sequence[NewMessage],
    now: datetime,
) -> set[str]:
    """Store the recipients of a campaign and count them; returns the lanes that have work now."""
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
                "account": account_id,
                "campaign": campaign_id,
                "apps": list(app_names),
                "rows": orjson.dumps(list(messages)).decode(),
                "now": now,
            },
        )
        return {lane for (lane,) in cursor.fetchall()}
