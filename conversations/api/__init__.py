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
from conversations.api.events import Events
from conversations.api.history import History, HistoryMessages
from conversations.api.reading import Read, Typing, Unread
from conversations.api.widget import WidgetCodes, WidgetMessages, WidgetTokens

__all__ = [
    "ConversationAccept",
    "ConversationClose",
    "ConversationDetail",
    "ConversationMessages",
    "ConversationTransfer",
    "Conversations",
    "DialogDetail",
    "Events",
    "History",
    "HistoryMessages",
    "PendingMessages",
    "Read",
    "Replies",
    "Typing",
    "Unread",
    "WidgetCodes",
    "WidgetMessages",
    "WidgetTokens",
]
