"""Who sits at the workspace, and which conversations they see (E6)."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Account, Skill, User
from accounts.roles import MANAGE_AGENTS
from conversations.models import Conversation, ConversationState


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent sees the conversations of their own skills, who manages agents those of all."""

    account: Account
    user: User
    skills: tuple[Skill, ...]
    is_manager: bool

    @property
    def name(self) -> str:
        """By which the person stands in conversations that they answer."""
        return str(self.user)

    def conversations(self) -> "QuerySet[Conversation]":
        return Conversation.objects.filter(account=self.account, skill__in=self._skill_ids())

    def open_conversations(self) -> "QuerySet[Conversation]":
        return self.conversations().filter(state=ConversationState.OPEN)

    def _skill_ids(self) -> list[int]:
        return [skill.pk for skill in self.skills]


def seat_of(account: Account, user: User, permissions: Collection[str]) -> Seat:
    is_manager = MANAGE_AGENTS in permissions
    skills = Skill.objects.filter(account=account)
    if not is_manager:
        skills = skills.filter(memberships__user=user, memberships__account=account)
    return Seat(account, user, tuple(skills.order_by("name", "pk")), is_manager)
