"""An app that reads its stream: the events of an answer, one by one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.consumers.conftest import Sdk


@dataclass(frozen=True)
class Told:
    name: str
    data: Any
    id: str = ""


BEAT = Told("beat", None)


class Stream:
    """Of the test's own thread: what is told while nobody reads waits."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self._chunks = iter(response)

    def next(self) -> Told:
        return parsed(next(self._chunks))

    def news(self, count: int) -> list[Told]:
        """So many events, beats left out."""
        found: list[Told] = []
        while len(found) < count:
            found += [told for told in [self.next()] if told != BEAT]
        return found

    def rest(self) -> list[Told]:
        """What comes until it ends."""
        return [told for chunk in self._chunks if (told := parsed(chunk)) != BEAT]


def parsed(chunk: bytes) -> Told:
    text = chunk.decode()
    assert text.endswith("\n\n")
    if text == ": beat\n\n":
        return BEAT
    lines = dict(line.split(": ", 1) for line in text.removesuffix("\n\n").split("\n"))
    return Told(lines["event"], json.loads(lines["data"]), lines.get("id", ""))


@contextmanager
def opened(sdk: Sdk, path: str = "events", **headers: str) -> Iterator[Stream]:
    response = sdk.get(path, **headers)
    assert response.status_code == 200, response.content
    try:
        yield Stream(response)
    finally:
        response.close()
