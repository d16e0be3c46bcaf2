"""Reply routes are opened and followed here; replies become conversations."""

from conversations.services.agents import (
    ConversationClosed,
    ConversationTaken,
    SkillOfAnotherAccount,
    accept_conversation,
    add_agent_message,
    answer,
    close_conversation,
    transfer_conversation,
)
from conversations.services.canned import (
    MOST_CANNED,
    ShortcutInvalid,
    ShortcutTaken,
    TooManyCanned,
    add_canned,
    change_canned,
    remove_canned,
)
from conversations.services.erasing import erase_conversations, erase_routes
from conversations.services.presence import note_seen, set_presence
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
    "MOST_CANNED",
    "ClientIdReused",
    "ConversationClosed",
    "ConversationTaken",
    "NewRoute",
    "Received",
    "ShortcutInvalid",
    "ShortcutTaken",
    "SkillOfAnotherAccount",
    "TextNotAllowed",
    "TooManyCanned",
    "UnknownMessage",
    "accept_conversation",
    "add_agent_message",
    "add_canned",
    "answer",
    "change_canned",
    "close_conversation",
    "close_routes",
    "erase_conversations",
    "erase_routes",
    "mark_answers_counted",
    "mark_read",
    "note_seen",
    "open_reply_routes",
    "receive_message",
    "remove_canned",
    "reopen_routes",
    "set_presence",
    "set_route_states",
    "transfer_conversation",
]
