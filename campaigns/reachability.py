"""How many people an app reaches now, and why not the rest (C7): the rules of D4, for all at once.

What `eligibility.decide` says of one message to one consumer, this counts for every consumer that
is known. Who was never heard of is in no figure: there is nothing to count.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import connection

from accounts.models import App
from campaigns.eligibility import is_new_enough
from common.recent import kept_for
from handoffs.models import Handoff
from push.models import PushCredential

# What FCM calls stale: the app was not heard of for a month.
UNSEEN = timedelta(days=30)
# Counting reads every device of the app: of a million people, for about two seconds. An index that
# holds all that is read made it no faster: grouping takes the time.
KEPT_SECONDS = 60
# In the order of the rules.
REASONS = (
    "opted_out",
    "never_logged_in",
    "no_credentials",
    "open_conversation",
    "no_device",
    "sdk_too_old",
    "logged_in_not_allowed",
    "logged_out_not_allowed",
)


@dataclass(frozen=True, slots=True)
class Reachability:
    """``unreached`` counts by reason, in the order of the rules. ``unseen``: those of the reachable
    none of whose devices was seen for a month."""

    known: int
    reachable: int
    unseen: int
    unreached: Mapping[str, int]


# How far a device comes: its platform has no credential (1), its SDK is too old (2), it is logged
# out (3) or logged in (4) and not pushed to then; or it is pushed to (5).
_STEP = """
CASE WHEN d.platform <> ALL(%(platforms)s::text[]) THEN 1
     WHEN (d.platform, d.is_androidx, d.sdk_version) IN (SELECT * FROM
          unnest(%(old_platforms)s::text[], %(old_androidx)s::bool[], %(old_versions)s::text[]))
     THEN 2
     WHEN d.logged_out_at IS NULL THEN CASE WHEN %(when_logged_in)s THEN 5 ELSE 4 END
     WHEN %(when_logged_out)s AND d.logout_type <> 'ALL' THEN 5 ELSE 3 END
"""
# A consumer comes as far as the device that comes furthest. OFFSET 0 has each device's step worked
# out once, not once for each figure. Of devices that are neither pushed to logged in nor logged
# out, the one used last gives the reason; that is looked up for those who have both.
_COUNT = f"""
WITH kept_back AS MATERIALIZED (
    SELECT c.id, CASE WHEN c.opted_out_at IS NOT NULL THEN 'opted_out'
                      WHEN c.last_login_at IS NULL THEN 'never_logged_in'
                      WHEN NOT %(has_credential)s THEN 'no_credentials'
                      ELSE 'open_conversation' END AS reason
    FROM consumers_consumer c
    WHERE c.account_id = %(account)s
      AND (c.opted_out_at IS NOT NULL OR c.last_login_at IS NULL OR NOT %(has_credential)s
           OR c.id IN (SELECT v.consumer_id FROM conversations_conversation v
                       WHERE v.account_id = %(account)s AND v.state = 'open'))
),
furthest AS (
    SELECT d.consumer_id, max(d.step) AS step, bool_or(d.step = 3) AS is_logged_out_somewhere,
           max(d.last_seen_at) FILTER (WHERE d.step = 5) AS seen_at
    FROM (SELECT d.consumer_id, d.last_seen_at, {_STEP} AS step FROM consumers_device d
          WHERE d.app_id = %(app)s AND d.removed_at IS NULL OFFSET 0) d
    WHERE NOT EXISTS (SELECT FROM kept_back k WHERE k.id = d.consumer_id)
    GROUP BY d.consumer_id
)
SELECT (SELECT count(*) FROM consumers_consumer WHERE account_id = %(account)s), k.*, f.*
FROM (
    SELECT count(*) FILTER (WHERE reason = 'opted_out'),
           count(*) FILTER (WHERE reason = 'never_logged_in'),
           count(*) FILTER (WHERE reason = 'no_credentials'),
           count(*) FILTER (WHERE reason = 'open_conversation')
    FROM kept_back
) k, (
    SELECT count(*) FILTER (WHERE step = 1),
           count(*) FILTER (WHERE step = 2),
           count(*) FILTER (WHERE step = 3),
           count(*) FILTER (WHERE step = 4),
           count(*) FILTER (WHERE step = 4 AND is_logged_out_somewhere AND (
               SELECT d.logged_out_at IS NOT NULL FROM consumers_device d
               WHERE d.consumer_id = furthest.consumer_id AND d.app_id = %(app)s
                 AND d.removed_at IS NULL AND {_STEP} >= 3
               ORDER BY d.last_seen_at DESC, d.id DESC LIMIT 1)),
           count(*) FILTER (WHERE step = 5),
           count(*) FILTER (WHERE step = 5 AND seen_at < %(unseen_since)s)
    FROM furthest
) f
"""

_VERSIONS = """
SELECT DISTINCT platform, is_androidx, sdk_version FROM consumers_device
WHERE app_id = %s AND removed_at IS NULL
"""


def recent_reachability(
    app: App, *, now: datetime, handoff: Handoff | None = None
) -> tuple[Reachability, datetime]:
    """As `reachability` counted within the last minute, and when that was."""
    switches = _switches(handoff)
    key = "reachability:{}:{:d}{:d}".format(app.pk, *switches)
    recent = kept_for(KEPT_SECONDS).get(
        key, lambda: asdict(reachability(app, now=now, handoff=handoff)), now=now
    )
    return Reachability(**recent.facts), recent.at


def reachability(app: App, *, now: datetime, handoff: Handoff | None = None) -> Reachability:
    """By the switches of the handoff where one is given, else as one that pushes whether people are
    logged in or out. Two statements, whatever the number of consumers.
    """
    enabled = PushCredential.objects.filter(app=app, is_enabled=True)
    platforms = list(enabled.values_list("platform", flat=True))
    old = _old_versions(app)
    when_logged_in, when_logged_out = _switches(handoff)
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "account": app.account_id,
                "app": app.pk,
                "platforms": platforms,
                "has_credential": bool(platforms),
                "old_platforms": [platform for platform, _, _ in old],
                "old_androidx": [is_androidx for _, is_androidx, _ in old],
                "old_versions": [version for _, _, version in old],
                "when_logged_in": when_logged_in,
                "when_logged_out": when_logged_out,
                "unseen_since": now - UNSEEN,
            },
        )
        return _counted(*cursor.fetchone())


def _switches(handoff: Handoff | None) -> tuple[bool, bool]:
    """Whether people are pushed to while they are logged in, and while they are logged out."""
    if handoff is None:
        return True, True
    return handoff.push_when_logged_in, handoff.push_when_logged_out


def _old_versions(app: App) -> list[tuple[str, bool, str]]:
    """Of the versions that the app's devices have, those that are too old: there are few."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSIONS, [app.pk])
        return [
            (platform, is_androidx, version)
            for platform, is_androidx, version in cursor.fetchall()
            if not is_new_enough(version, app.minimum_sdk(platform, is_androidx=is_androidx))
        ]


def _counted(
    known: int,
    opted_out: int,
    never_logged_in: int,
    no_credential: int,
    in_conversation: int,
    no_credential_for_platform: int,
    sdk_too_old: int,
    logged_out: int,
    logged_in: int,
    logged_out_last: int,
    reachable: int,
    unseen: int,
) -> Reachability:
    unreached = {
        "opted_out": opted_out,
        "never_logged_in": never_logged_in,
        "no_credentials": no_credential + no_credential_for_platform,
        "open_conversation": in_conversation,
        "no_device": 0,
        "sdk_too_old": sdk_too_old,
        "logged_in_not_allowed": logged_in - logged_out_last,
        "logged_out_not_allowed": logged_out + logged_out_last,
    }
    unreached["no_device"] = known - reachable - sum(unreached.values())
    return Reachability(known, reachable, unseen, unreached)
