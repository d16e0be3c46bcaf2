"""A model of the phones: what stands in their notification centres after all that the vendors took.

It reads the vendors' own logs and applies their rule of replacement: a push takes the place of one
that carries the same identity on the wire (collapse id, tag, topic, webhook-id).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Words of the logs for a push that was taken, whoever learned of it.
TAKEN = (200, 201, "reset", "lost")


@dataclass
class Phones:
    """``calls`` counts the taken pushes of each identity at each phone."""

    shown: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: int = 0
    lost_answers: int = 0

    def read(self, entries: Iterable[Mapping[str, Any]]) -> None:
        for entry in entries:
            if not entry["message"]:
                continue  # a request for a token, no push
            if entry["status"] not in TAKEN:
                self.refused += 1
                continue
            self.lost_answers += isinstance(entry["status"], str)
            self.shown[entry["token"]][entry["message"]] = entry["text"]
            self.calls[entry["token"], entry["message"]] += 1

    @property
    def shown_twice(self) -> int:
        """How often a text stands once more on a phone; each text of a run is sent once."""
        centres = (Counter(texts.values()) for texts in self.shown.values())
        return sum(count - 1 for texts in centres for count in texts.values())

    @property
    def extra_calls(self) -> int:
        """Pushes that were taken again."""
        return sum(count - 1 for count in self.calls.values())

    def has(self, token: str, text: str) -> bool:
        return text in self.shown.get(token, {}).values()
