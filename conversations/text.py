"""What people may say in a conversation."""

from common.errors import DomainError
from common.text import forbidden_character, is_visible

MAX_TEXT = 5000


class TextNotAllowed(DomainError):
    """The text is empty to the eye, too long, or holds what no one can read."""

    key = "text_not_allowed"


def readable(text: str) -> str:
    """The text with its line breaks as ``\\n``.

    :raises TextNotAllowed: nothing in it is visible, it is over 5,000 characters, or it holds
        control characters other than line breaks and tabs.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_TEXT:
        raise TextNotAllowed(
            f"The text has {len(text):,} characters; {MAX_TEXT:,} fit.", pointer="/text"
        )
    forbidden = forbidden_character(text)
    if forbidden:
        raise TextNotAllowed(f"The text has the control character {forbidden}.", pointer="/text")
    if not is_visible(text):
        raise TextNotAllowed("The text is empty.", pointer="/text")
    return text
