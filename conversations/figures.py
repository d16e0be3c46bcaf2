"""How long people wait, and who answers them: what those who manage agents watch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Account, Membership, Role
from accounts.roles import ANSWER_CONVERSATIONS, PERMISSIONS
from conversations.models import AgentPresence, Conversation, ConversationState, Presence

# The live view tells twice in that time that somebody is there.
HERE_FOR = timedelta(seconds=40)
_ANSWERING = [role for role in Role.values if ANSWER_CONVERSATIONS in PERMISSIONS[role]]


@dataclass(frozen=True, slots=True)
class Line:
    """A skill at this moment. ``answered`` counts conversations first answered today."""

    skill_id: int
    name: str
    target_minutes: int
    open: int
    waiting: int
    oldest: datetime | None
    answered: int


@dataclass(frozen=True, slots=True)
class Answers:
    """Of conversations that were first answered in a range: how many, and the seconds until then:
    half of them took at most ``median``, nine in ten at most ``most``."""

    n: int = 0
    median: float | None = None
    most: float | None = None


@dataclass(slots=True)
class Spread:
    total: Answers = field(default_factory=Answers)
    by_skill: dict[int, Answers] = field(default_factory=dict)
    by_day: dict[date, Answers] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    membership: Membership
    words: str
    is_here: bool
    seen_at: datetime | None
    open: int

    @property
    def name(self) -> str:
        return self.membership.user.get_full_name()


_LINES = """
SELECT s.id, s.name, s.target_minutes, coalesce(o.n, 0), coalesce(o.waiting, 0), o.oldest,
    coalesce(t.n, 0)
FROM accounts_skill s
LEFT JOIN (
    SELECT skill_id, count(*) AS n, count(*) FILTER (WHERE accepted_by = '') AS waiting,
        min(waiting_since) AS oldest
    FROM conversations_conversation WHERE account_id = %(account)s AND state = 'open'
    GROUP BY skill_id) o ON o.skill_id = s.id
LEFT JOIN (
    SELECT skill_id, count(*) AS n FROM conversations_conversation
    WHERE account_id = %(account)s AND first_answered_at >= %(midnight)s
    GROUP BY skill_id) t ON t.skill_id = s.id
WHERE s.account_id = %(account)s
ORDER BY s.name, s.id
"""

_SECONDS = "extract(epoch FROM c.first_answered_at - c.opened_at)"
_MEASURES = f"""count(*),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY {_SECONDS}),
    percentile_cont(0.9) WITHIN GROUP (ORDER BY {_SECONDS})"""
_RANGE = """c.account_id = %(account)s
    AND c.first_answered_at >= %(first)s AND c.first_answered_at < %(after)s"""

# One reading of the range for skills, days and all of it.
_SPREAD = f"""
SELECT c.skill_id, (c.first_answered_at AT TIME ZONE %(zone)s)::date AS day, {_MEASURES}
FROM conversations_conversation c WHERE {_RANGE}
GROUP BY GROUPING SETS ((c.skill_id), (day), ())
"""

# Whoever spoke first answered it, whoever has it now.
_BY_AUTHOR = f"""
SELECT m.author, {_MEASURES}
FROM conversations_conversation c
JOIN LATERAL (
    SELECT author FROM conversations_message
    WHERE conversation_id = c.id AND sender = 'agent' ORDER BY id LIMIT 1) m ON true
WHERE {_RANGE}
GROUP BY m.author ORDER BY count(*) DESC, m.author
LIMIT 200
"""


def lines_now(account: Account, *, now: datetime) -> list[Line]:
    zone = ZoneInfo(account.time_zone)
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone)
    rows = _rows(_LINES, {"account": account.pk, "midnight": midnight})
    return [Line(*row) for row in rows]


def spread(account: Account, first: date, last: date) -> Spread:
    """By skill and by day of the brand's zone, both days included."""
    found = Spread()
    for skill_id, day, *measures in _rows(_SPREAD, _range(account, first, last)):
        answers = Answers(*measures)
        if skill_id is not None:
            found.by_skill[skill_id] = answers
        elif day is not None:
            found.by_day[day] = answers
        else:
            found.total = answers
    return found


def by_author(account: Account, first: date, last: date) -> dict[str, Answers]:
    """By the person or bot who answered first, who answered most first."""
    rows = _rows(_BY_AUTHOR, _range(account, first, last))
    return {author: Answers(*measures) for author, *measures in rows}


def people_now(account: Account, *, now: datetime) -> list[Person]:
    """Everybody who may answer, those who are there first."""
    people = [_person(one, now) for one in _memberships(account)]
    return sorted(people, key=lambda one: (not one.is_here, one.name.casefold()))


def _memberships(account: Account) -> "QuerySet[Membership]":
    presence = AgentPresence.objects.filter(account=account, user=OuterRef("user"))
    own = Conversation.objects.filter(
        account=account, state=ConversationState.OPEN, accepted_by=OuterRef("user__email")
    )
    counted = own.order_by().values("accepted_by").annotate(n=Count("pk")).values("n")
    members = Membership.objects.filter(account=account, role__in=_ANSWERING)
    return (
        members.filter(user__is_active=True)
        .select_related("user")
        .annotate(
            said=Subquery(presence.values("state")[:1]),
            seen_at=Subquery(presence.values("seen_at")[:1]),
            open=Coalesce(Subquery(counted), 0),
        )
    )


def _person(membership: Any, now: datetime) -> Person:
    seen_at = membership.seen_at
    is_here = seen_at is not None and now - seen_at < HERE_FOR
    words = "Not here"
    if is_here:
        words = str(Presence(membership.said).label)
    return Person(membership, words, is_here, seen_at, membership.open)


def _range(account: Account, first: date, last: date) -> Mapping[str, Any]:
    zone = ZoneInfo(account.time_zone)
    return {
        "account": account.pk,
        "zone": account.time_zone,
        "first": datetime.combine(first, time(), zone),
        "after": datetime.combine(last + timedelta(days=1), time(), zone),
    }


def _rows(statement: str, values: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
