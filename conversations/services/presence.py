"""Whether agents are there: their live view says so, and they say whether they are available."""

from collections.abc import Sequence
from datetime import datetime

from accounts.models import Account, User
from conversations.models import AgentPresence, Presence


def note_seen(*, account: Account, user: User, now: datetime) -> None:
    """Their workspace is open; what they said of themselves stays."""
    _save(AgentPresence(account=account, user=user, seen_at=now), changed=["seen_at"])


def set_presence(*, account: Account, user: User, state: Presence, now: datetime) -> None:
    presence = AgentPresence(account=account, user=user, state=state, seen_at=now)
    _save(presence, changed=["state", "seen_at"])


def _save(presence: AgentPresence, *, changed: Sequence[str]) -> None:
    """In one statement: it is done again and again."""
    AgentPresence.objects.bulk_create(
        [presence],
        update_conflicts=True,
        unique_fields=["account", "user"],
        update_fields=list(changed),
    )
