"""Reply routes are opened and followed here; replies become conversations."""

from conversations.services.agents import (
    ConversationClosed,
    ConversationTaken,
    SkillOfAnotherAccount,
    accept_conversation,
    add_agent_message,
    close_conversation,
    transfer_conversation,
)
from conversations.services.erasing import erase_conversations, erase_routes
from conversations.services.reading import mark_read
from conversations.services.replies import (
    ClientIdReused,
    Received,
    UnknownMessage,
    receive_message,
)
from conversations.services.reply_routes import (
    NewRoute,
    close_routes,
    mark_answers_counted,
    open_reply_routes,
    reopen_routes,
    set_route_states,
)
from conversations.text import MAX_TEXT, TextNotAllowed

__all__ = [
    "MAX_TEXT",
    "ClientIdReused",
    "ConversationClosed",
    "ConversationTaken",
    "NewRoute",
    "Received",
    "SkillOfAnotherAccount",
    "TextNotAllowed",
    "UnknownMessage",
    "accept_conversation",
    "add_agent_message",
    "close_conversation",
    "close_routes",
    "erase_conversations",
    "erase_routes",
    "mark_answers_counted",
    "mark_read",
    "open_reply_routes",
    "receive_message",
    "reopen_routes",
    "set_route_states",
    "transfer_conversation",
]
