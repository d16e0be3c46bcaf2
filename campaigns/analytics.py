"""What became of campaigns, counted: from tallies and reply routes, never from recipients.

LivePerson's definitions (``liveperson.md`` 1.9), and the funnel of one campaign.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection

from campaigns.models import FINAL, Campaign, State
from campaigns.reasons import error_key

_UNSENT = tuple(state for state in FINAL if state != State.SENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which campaigns of an account are counted; None does not narrow."""

    source: str
    since: datetime | None = None
    until: datetime | None = None
    campaign_id: str | None = None
    channels: Sequence[str] | None = None
    skills: Sequence[str] | None = None
    handoff_ids: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """What was sent on one day (UTC) to one skill; by handoff only where that is asked for."""

    channel: str
    skill: str
    day: date
    handoff_id: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of messages, by state and reason; ``replied`` and ``closed`` are states here."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def of(self, state: str) -> int:
        return sum(n for (name, _), n in self.counts.items() if name == state)

    @property
    def eligible(self) -> int:
        """Every rule let them out: a provider was asked, and took or refused them."""
        return self.of(State.SENT) + self.of(State.FAILED)

    @property
    def skipped(self) -> int:
        return sum(n for (_, reason), n in self.counts.items() if reason == "opted_out")

    @property
    def unsent(self) -> int:
        """Attempted and final, but not sent; what still waits is in none of these figures."""
        return sum(self.of(state) for state in _UNSENT)

    @property
    def errors(self) -> dict[str, int]:
        """LivePerson's ``proactive_1800`` and the like; their sum is `unsent`."""
        found: Counter[str] = Counter()
        for (_, reason), n in self.reasons.items():
            found[error_key(reason)] += n
        return dict(sorted(found.items()))

    @property
    def reasons(self) -> dict[tuple[str, str], int]:
        """Why messages were not sent, by state and reason, the most frequent first."""
        return {key: n for key, n in self.counts.most_common() if key[0] in _UNSENT and n}


# Campaigns by account and time, or by their id; answered routes by campaign, tallies by day too: a
# tally's day is that of its campaign.
_COUNTS = """
WITH wanted AS (
    SELECT c.id, c.account_id, c.public_id, c.channel, c.skill_name,
           (c.created_at AT TIME ZONE 'UTC')::date AS day,
           CASE WHEN %(by_handoff)s THEN h.public_id END AS handoff
    FROM campaigns_campaign c JOIN handoffs_handoff h ON h.id = c.handoff_id
    WHERE c.account_id = %(account)s AND c.source = %(source)s
      AND (%(campaign)s::text IS NULL OR c.public_id = %(campaign)s)
      AND (%(since)s::timestamptz IS NULL OR c.created_at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR c.created_at <= %(until)s)
      AND (%(channels)s::text[] IS NULL OR c.channel = ANY(%(channels)s))
      AND (%(skills)s::text[] IS NULL OR c.skill_name = ANY(%(skills)s))
      AND (%(handoffs)s::text[] IS NULL OR h.public_id = ANY(%(handoffs)s))
)
SELECT w.channel, w.skill_name, w.day, w.handoff, t.state, t.reason, sum(t.n)::bigint
FROM wanted w JOIN campaigns_campaigntally t ON t.campaign_id = w.id
WHERE t.account_id = %(account)s
  AND (%(since)s::timestamptz IS NULL OR t.day >= (%(since)s AT TIME ZONE 'UTC')::date)
  AND (%(until)s::timestamptz IS NULL OR t.day <= (%(until)s AT TIME ZONE 'UTC')::date)
GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT w.channel, w.skill_name, w.day, w.handoff, told.state, '', count(*)
FROM wanted w
JOIN conversations_replyroute r ON r.account_id = w.account_id AND r.campaign_id = w.public_id
    AND r.replied_at IS NOT NULL
LEFT JOIN conversations_conversation v ON v.id = r.conversation_id AND v.state = 'closed'
CROSS JOIN LATERAL (
    SELECT 'replied' AS state UNION ALL SELECT 'closed' WHERE v.id IS NOT NULL
) told
GROUP BY 1, 2, 3, 4, 5
"""


def count(account_id: int, scope: Scope) -> dict[Group, Figures]:
    """The figures of each day and skill, in their order; exact at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, _parameters(account_id, scope))
        rows = cursor.fetchall()
    found: dict[Group, Figures] = {}
    for channel, skill, day, handoff_id, state, reason, n in rows:
        figures = found.setdefault(Group(channel, skill, day, handoff_id), Figures())
        figures.counts[state, reason] += n
    return dict(sorted(found.items(), key=_order))


def count_campaign(campaign: Campaign) -> Figures:
    scope = Scope(source=campaign.source, campaign_id=campaign.public_id)
    return next(iter(count(campaign.account_id, scope).values()), Figures())


def funnel(campaign: Campaign, figures: Figures) -> dict[str, int]:
    """From each step to the next some are lost; counts and reasons tell where to."""
    return {
        "requested": campaign.requested,
        "eligible": figures.eligible,
        "sent": figures.of(State.SENT),
        "delivered": figures.of("delivered"),
        "opened": figures.of("opened"),
        "replied": figures.of("replied"),
        "closed": figures.of("closed"),
    }


def _parameters(account_id: int, scope: Scope) -> Mapping[str, Any]:
    return {
        "account": account_id,
        "source": scope.source,
        "campaign": scope.campaign_id,
        "since": scope.since,
        "until": scope.until,
        "channels": _listed(scope.channels),
        "skills": _listed(scope.skills),
        "handoffs": _listed(scope.handoff_ids),
        "by_handoff": scope.handoff_ids is not None,
    }


def _listed(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)


def _order(entry: tuple[Group, Figures]) -> tuple[date, str, str, str]:
    group = entry[0]
    return group.day, group.channel, group.skill, group.handoff_id or ""
