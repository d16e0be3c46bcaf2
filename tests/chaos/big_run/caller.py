"""The brand's loop at 3 a.m.: every call is repeated, with its key, until it is answered 200."""

import http.client
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from proactive_site.embedded.ports import HOST

CALL = 100
LONGEST_PAUSE = 1.0


@dataclass
class Caller(threading.Thread):
    """Sends ``texts`` (text by consumer id) in calls of a hundred; ``accepted`` are the ids that
    the answers gave, by consumer id."""

    port: int
    path: str
    headers: Mapping[str, str]
    call: Mapping[str, Any]
    texts: Sequence[tuple[str, str]]
    accepted: dict[str, str] = field(default_factory=dict)
    repeats: int = 0
    failure: str = ""

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._stop_asked = threading.Event()

    __hash__ = threading.Thread.__hash__

    def stop(self) -> None:
        self._stop_asked.set()

    def run(self) -> None:
        for start in range(0, len(self.texts), CALL):
            part = self.texts[start : start + CALL]
            answer = self._insist(f"call-{start}", self.body(part))
            if answer is None:
                return
            for consumer in answer["acceptedConsumers"]:
                self.accepted[consumer["consumerContent"]["inapp"]] = consumer["id"]

    def body(self, part: Sequence[tuple[str, str]]) -> bytes:
        consumers = [
            {"consumerContent": {"inapp": ref}, "variables": {"1": text}} for ref, text in part
        ]
        return json.dumps({**self.call, "consumers": consumers}).encode()

    def _insist(self, key: str, body: bytes) -> dict[str, Any] | None:
        pause = 0.05
        while not self._stop_asked.is_set():
            status, text = self.ask(key, body)
            if status == 200:
                answer: dict[str, Any] = json.loads(text)
                return answer
            if status and status < 500 and status not in (409, 429):
                self.failure = f"{status} {text[:300]!r}"
                return None
            self.repeats += 1
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        return None

    def ask(self, key: str, body: bytes) -> tuple[int, bytes]:
        """Status and body; 0 where there was no answer."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        try:
            connection.request(
                "POST", self.path, body, {**self.headers, "Idempotency-Key": f'"{key}"'}
            )
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()
