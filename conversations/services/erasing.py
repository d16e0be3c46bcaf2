"""A person's data goes; that there was a conversation, and how it went, stays for the figures."""

from datetime import datetime

from accounts.models import Account, User
from consumers.models import Consumer
from conversations.models import Conversation, ConversationState, Message, ReplyRoute
from conversations.services.agents import close_conversation


def erase_conversations(*, consumer: Consumer, by: str | User, now: datetime) -> int:
    """Close what is open, delete what was said, and forget who said it; says how many
    conversations there were. To be called inside a transaction.
    """
    conversations = Conversation.objects.filter(consumer=consumer)
    opened = conversations.filter(state=ConversationState.OPEN)
    for conversation in opened.select_related("consumer", "skill"):
        close_conversation(conversation=conversation, by=by, now=now)
    Message.objects.filter(conversation__in=conversations).delete()
    return conversations.update(consumer=None)


def erase_routes(*, account: Account, consumer_ref: str) -> int:
    """Empty the person's reply routes: nobody can answer them any more. Whether and when one was
    answered stays. To be called inside a transaction.
    """
    routes = ReplyRoute.objects.filter(account=account, consumer_ref=consumer_ref)
    return routes.update(consumer_ref="", title="", text="")
