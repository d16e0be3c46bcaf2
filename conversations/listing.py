"""Which conversations of an account a list shows."""

from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Account
from conversations.models import Conversation


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFilter:
    """None does not narrow."""

    state: str | None = None
    skill: str | None = None
    consumer_ref: str | None = None
    is_accepted: bool | None = None


def find_conversations(account: Account, wanted: ConversationFilter) -> QuerySet[Conversation]:
    conditions = {
        "state": wanted.state,
        "skill__name": wanted.skill,
        "consumer__ref": wanted.consumer_ref,
        "accepted_at__isnull": None if wanted.is_accepted is None else not wanted.is_accepted,
    }
    given = {lookup: value for lookup, value in conditions.items() if value is not None}
    conversations = Conversation.objects.filter(account=account, **given)
    return conversations.select_related("skill", "consumer", "account")
