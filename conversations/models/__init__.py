"""Where an answer goes, and what was said."""

from conversations.models.desk import (
    AgentPresence,
    CannedReply,
    FramingOrigin,
    NamedWidget,
    Presence,
    WidgetCode,
)
from conversations.models.pushes import PushState, ReplyPush
from conversations.models.talk import (
    Conversation,
    ConversationState,
    Message,
    MessageState,
    ReplyRoute,
    Sender,
    Source,
)

__all__ = [
    "AgentPresence",
    "CannedReply",
    "Conversation",
    "ConversationState",
    "FramingOrigin",
    "Message",
    "MessageState",
    "NamedWidget",
    "Presence",
    "PushState",
    "ReplyPush",
    "ReplyRoute",
    "Sender",
    "Source",
    "WidgetCode",
]
