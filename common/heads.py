"""What the head of an HTTP answer says, as libcurl hands over its lines: status and headers."""

from collections.abc import Iterator, Mapping

END_OF_HEAD = b"\r\n"


class Headers(Mapping[str, str]):
    """With lower-case names. Read when somebody asks: most answers say it all by their status."""

    __slots__ = ("_lines", "_read")

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines
        self._read: dict[str, str] | None = None

    def _values(self) -> dict[str, str]:
        if self._read is None:
            pairs = (line.decode("latin-1").partition(":") for line in self._lines)
            self._read = {name.lower(): value.strip() for name, _, value in pairs}
        return self._read

    def __getitem__(self, name: str) -> str:
        return self._values()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())


def read_head(lines: list[bytes]) -> tuple[int | None, Mapping[str, str]]:
    """Status and headers of the answer's own head; interim heads and trailers come in the same
    list."""
    if lines.count(END_OF_HEAD) == 1 and lines[-1] == END_OF_HEAD:
        heads = [lines]
    else:
        heads = _whole_heads(lines)
    for head in heads:
        if (status := _read_status(head[0])) >= 200:
            return status, Headers(head[1:-1])
    return None, {}


def _whole_heads(lines: list[bytes]) -> list[list[bytes]]:
    """Each from its status line to the empty one; what broke off is none."""
    heads: list[list[bytes]] = []
    start = 0
    for number, line in enumerate(lines):
        if line in (END_OF_HEAD, b"\n"):
            heads.append(lines[start : number + 1])
            start = number + 1
    return heads


def _read_status(line: bytes) -> int:
    """The three digits that libcurl has found; it lets anything follow them."""
    return int(line.split(None, 2)[1][:3])
