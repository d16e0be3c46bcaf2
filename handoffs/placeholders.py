"""``${{n}}`` in a handoff's texts: where a call's variables go. Nothing is ever evaluated."""

import re
from collections.abc import Mapping

PLACEHOLDER = re.compile(r"\$\{\{([1-9][0-9]?)\}\}")


def placeholders(text: str) -> list[int]:
    """The numbers that ``text`` asks for, each once, in the order of their first appearance."""
    return list(dict.fromkeys(int(match[1]) for match in PLACEHOLDER.finditer(text)))


def render(text: str, variables: Mapping[str, str]) -> str:
    """Put the variables (by "1", "2", …) into ``text``, in one pass: a value is never looked into.

    :raises KeyError: a placeholder has no variable.
    """
    return PLACEHOLDER.sub(lambda match: variables[match[1]], text)
