"""Reads the push lab's page as a person looks at it: which phone shows what."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

# The element that a phone is, and the classes of what is read on it.
PHONE = ("article", "stand")
TEXTS = ("notif__text", "bub", "why")


@dataclass(slots=True)
class ShownPhone:
    """`id` is the device's; texts are by the class of what holds them, from top to bottom."""

    id: str
    ref: str = ""
    messages: list[str] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in TEXTS})


class DeskReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.phones: list[ShownPhone] = []
        self._phone: ShownPhone | None = None
        # The tag whose end closes the text that is being read, and where the text belongs.
        self._tag = ""
        self._kind = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        classes = (facts.get("class") or "").split()
        if tag == PHONE[0] and PHONE[1] in classes:
            self._phone = ShownPhone((facts.get("id") or "").removeprefix("phone-"))
            self.phones.append(self._phone)
        elif self._phone is None or self._tag:
            return
        elif tag == "input" and facts.get("name") == "message":
            self._phone.messages.append(facts.get("value") or "")
        elif tag == "code":
            self._tag, self._kind = tag, ""
        elif kind := next((name for name in TEXTS if name in classes), ""):
            self._tag, self._kind = tag, kind
            self._phone.texts[kind].append("")

    def handle_data(self, data: str) -> None:
        if self._phone is None or not self._tag:
            return
        if self._kind:
            self._phone.texts[self._kind][-1] += data
        else:
            self._phone.ref += data

    def handle_endtag(self, tag: str) -> None:
        if tag == self._tag:
            self._tag = ""
        elif tag == PHONE[0]:
            self._phone = None


def phones_of(page: str, ref: str) -> Iterator[ShownPhone]:
    """The phones of this consumer."""
    reader = DeskReader()
    reader.feed(page)
    reader.close()
    return (phone for phone in reader.phones if phone.ref.strip() == ref)
