"""The doors to conversations: the app's dialog, and the brand's bots and agents."""

from conversations.api.brand import (
    ConversationAccept,
    ConversationClose,
    ConversationDetail,
    ConversationMessages,
    Conversations,
    ConversationTransfer,
)
from conversations.api.dialog import DialogDetail, PendingMessages, Replies

__all__ = [
    "ConversationAccept",
    "ConversationClose",
    "ConversationDetail",
    "ConversationMessages",
    "ConversationTransfer",
    "Conversations",
    "DialogDetail",
    "PendingMessages",
    "Replies",
]
