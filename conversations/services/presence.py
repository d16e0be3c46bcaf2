"""Whether agents are there: their live view says so, and they say whether they are available."""

from datetime import datetime

from accounts.models import Account, User
from conversations.models import AgentPresence, Presence


def note_seen(*, account: Account, user: User, now: datetime) -> None:
    """Their workspace is open; what they said of themselves stays."""
    AgentPresence.objects.update_or_create(account=account, user=user, defaults={"seen_at": now})


def set_presence(*, account: Account, user: User, state: Presence, now: datetime) -> None:
    values = {"state": state, "seen_at": now}
    AgentPresence.objects.update_or_create(account=account, user=user, defaults=values)
