"""Pages about conversations: the agents' workspace, and the settings of widgets."""

from conversations.views.canned import CannedEdit, CannedPage, CannedRemove
from conversations.views.live import Live
from conversations.views.widgets import OriginAdd, OriginRemove, WidgetPage, WidgetRemove
from conversations.views.workspace import (
    Accept,
    Close,
    ConversationPage,
    PresencePage,
    Read,
    Reply,
    Transfer,
    Typing,
    Workspace,
)

__all__ = [
    "Accept",
    "CannedEdit",
    "CannedPage",
    "CannedRemove",
    "Close",
    "ConversationPage",
    "Live",
    "OriginAdd",
    "OriginRemove",
    "PresencePage",
    "Read",
    "Reply",
    "Transfer",
    "Typing",
    "WidgetPage",
    "WidgetRemove",
    "Workspace",
]
