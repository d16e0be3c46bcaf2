"""What a text for people may hold."""

import regex

# Cc without tab and line breaks; lone surrogates are Cs. Cf (ZWJ, bidi marks) is carried through.
_FORBIDDEN = regex.compile(r"[\p{Cs}\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_VISIBLE = regex.compile(r"[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Mn}\p{Me}\u115f\u1160\u3164\uffa0\u2800]")


def forbidden_character(text: str) -> str | None:
    """The first character that a message may not have, as ``U+0007``, or None."""
    if text.isprintable():  # no control, no surrogate; quicker than the pattern, and usual
        return None
    found = _FORBIDDEN.search(text)
    return f"U+{ord(found.group()):04X}" if found else None


def shorten(text: str, length: int) -> str:
    """At most ``length`` characters: cut between graphemes and marked with an ellipsis."""
    if len(text) <= length:
        return text
    end = 0
    for grapheme in regex.finditer(r"\X", text[: length + 1]):
        if grapheme.end() >= length:
            break
        end = grapheme.end()
    return text[:end] + "…"


def is_visible(text: str) -> bool:
    """Whether a reader would see anything at all."""
    return _VISIBLE.search(text) is not None
