"""The form of a page, as who fills in what it asks for and changes nothing else sends it."""

from html.parser import HTMLParser

# What is typed where a page asks for something and offers nothing.
TYPED = {"email": "new.person@larkfield.example", "url": "https://new.larkfield.example"}
# What a browser sends only when it is pressed, and files.
LEFT_OUT = {"submit", "button", "reset", "image", "file"}


class _Form(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.found: dict[str, list[str]] = {}
        self._is_inside = False
        self._select = self._area = ""
        self._typed = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            is_ours = given.get("action", "") in {"", self.path}
            self._is_inside = is_ours and given.get("method", "").lower() == "post"
        if not self._is_inside:
            return
        name = given.get("name", "")
        if tag == "input" and name and given.get("type") not in LEFT_OUT:
            self._input(name, given)
        elif tag == "textarea":
            self._area, self._typed = name, ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.found.setdefault(self._select, []).append(given.get("value", ""))

    def _input(self, name: str, given: dict[str, str]) -> None:
        kind, value = given.get("type", "text"), given.get("value", "")
        if kind in {"checkbox", "radio"}:
            if "checked" in given:
                self.found.setdefault(name, []).append(value or "on")
            return
        if not value and "required" in given:
            value = TYPED.get(kind, "New")
        self.found.setdefault(name, []).append(value)

    def handle_data(self, data: str) -> None:
        self._typed += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            self.found[self._area] = [self._typed.removeprefix("\n")]
            self._area = ""
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._is_inside = False


def filled_form(page: str, path: str) -> dict[str, list[str]]:
    """What is sent to ``path`` by the forms of ``page`` that stand there."""
    form = _Form(path)
    form.feed(page)
    form.close()
    return form.found
