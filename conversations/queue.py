"""What the workspace lists: one's own conversations, and those that wait, by skill."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Value, Window
from django.db.models.functions import Coalesce, Left, RowNumber

from accounts.models import Account, Skill, User
from accounts.roles import MANAGE_AGENTS
from common.template_words import initials
from conversations.models import Conversation, ConversationState, Message, Sender
from conversations.seats import Seat

# More rows than these nobody reads; the counts beside the headings are of all.
MOST_MINE = 100
MOST_WAITING = 200
MOST_OTHERS = 50
MOST_LETTERS = 120
# Who waits longest is first; then who heard from us last.
ORDER = (F("waiting_since").asc(nulls_last=True), F("last_said_at").desc(), F("pk").asc())
# How the initials of people are told apart.
TONES = ("a", "b", "c", "d")


@dataclass(frozen=True, slots=True)
class Row:
    """``waits`` is None where the last word is the agent's."""

    conversation: Conversation
    who: str
    said: str
    unread: int
    waits: timedelta | None
    is_late: bool
    quiet: timedelta

    @property
    def letters(self) -> str:
        return letters_of(self.who)

    @property
    def tone(self) -> str:
        return TONES[(self.conversation.consumer_id or 0) % len(TONES)]


@dataclass(frozen=True, slots=True)
class Line:
    """Those of one skill that nobody has accepted, the longest waiting first."""

    skill: Skill
    waiting: int
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Queue:
    """``others`` are answered by colleagues. ``n_mine`` and ``n_others`` count all of them."""

    mine: Sequence[Row]
    n_mine: int
    lines: Sequence[Line]
    others: Sequence[Row]
    n_others: int

    @property
    def waiting(self) -> int:
        return sum(line.waiting for line in self.lines)


def queue_of(seat: Seat, *, now: datetime) -> Queue:
    free, own = Q(accepted_by=""), Q(accepted_by=seat.name)
    n = {"waiting": free, "mine": own, "others": ~free & ~own}
    counted = seat.open_conversations().values("skill_id")
    counts: list[Any] = [
        *counted.annotate(**{name: Count("pk", filter=of) for name, of in n.items()})
    ]
    by_skill = {row["skill_id"]: row["waiting"] for row in counts}
    shown = free & Q(pk__in=_in_turn(seat)) if sum(by_skill.values()) > MOST_WAITING else free
    waiting = _rows(seat, shown, MOST_WAITING, now)
    lines = [
        Line(
            skill,
            by_skill.get(skill.pk, 0),
            [row for row in waiting if row.conversation.skill_id == skill.pk],
        )
        for skill in seat.skills
    ]
    return Queue(
        mine=_rows(seat, own, MOST_MINE, now),
        n_mine=sum(row["mine"] for row in counts),
        lines=lines,
        others=_rows(seat, ~free & ~own, MOST_OTHERS, now),
        n_others=sum(row["others"] for row in counts),
    )


def count_waiting(account: Account, user: User, permissions: Collection[str]) -> int:
    """How many conversations nobody has accepted, of those that the person sees."""
    free = Conversation.objects.filter(
        account=account, state=ConversationState.OPEN, accepted_by=""
    )
    if MANAGE_AGENTS not in permissions:
        own = Skill.objects.filter(memberships__user=user, memberships__account=account)
        free = free.filter(skill__in=own)
    return free.count()


def name_of(conversation: Conversation) -> str:
    """What the consumer is called; the id where the brand's tokens told no name."""
    consumer = conversation.consumer
    return (consumer.name or consumer.ref) if consumer else "Erased person"


def letters_of(name: str) -> str:
    """Initials; an id may be written with dots, lines or hyphens between its words."""
    return initials(re.sub(r"[\W_]+", " ", name))


def _in_turn(seat: Seat) -> list[int]:
    """The first of each skill, then the second ones: a long line hides no short one."""
    place = Window(RowNumber(), partition_by=F("skill_id"), order_by=ORDER)
    free = seat.open_conversations().filter(accepted_by="").annotate(place=place)
    return list(free.order_by("place", *ORDER).values_list("pk", flat=True)[:MOST_WAITING])


def _rows(seat: Seat, which: Q, most: int, now: datetime) -> list[Row]:
    found = _with_last_words(seat.open_conversations().filter(which)).select_related("consumer")
    found = found.order_by(*ORDER)
    skills = {skill.pk: skill for skill in seat.skills}
    return [_row(one, skills[one.skill_id], now) for one in found[:most]]


def _with_last_words(conversations: "QuerySet[Conversation]") -> "QuerySet[Conversation]":
    messages = Message.objects.filter(conversation=OuterRef("pk"))
    said = messages.order_by("-pk").annotate(begin=Left("text", MOST_LETTERS)).values("begin")
    unread = messages.filter(sender=Sender.CONSUMER, pk__gt=OuterRef("agent_read_to"))
    counted = unread.order_by().values("conversation").annotate(n=Count("pk")).values("n")
    return conversations.annotate(
        said=Coalesce(Subquery(said[:1]), Value("")), unread=Coalesce(Subquery(counted), 0)
    )


def _row(conversation: Conversation, skill: Skill, now: datetime) -> Row:
    since = conversation.waiting_since
    waits = max(now - since, timedelta(0)) if since else None
    return Row(
        conversation=conversation,
        who=name_of(conversation),
        said=conversation.said,  # type: ignore[attr-defined]
        unread=conversation.unread,  # type: ignore[attr-defined]
        waits=waits,
        is_late=waits is not None and waits > timedelta(minutes=skill.target_minutes),
        quiet=max(now - (conversation.last_said_at or conversation.opened_at), timedelta(0)),
    )
