"""Hands to the lab's phones what stubs of the vendors took, by the logs that they write."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from consumers.models import Device, token_digest
from lab import stubs
from push.models import LabPush
from push.providers.base import Outcome

STATUSES = {
    404: Outcome.UNREGISTERED,
    410: Outcome.UNREGISTERED,
    429: Outcome.RETRY,
}
CLASSES = {2: Outcome.ACCEPTED, 5: Outcome.RETRY}
SHOWN = {Outcome.ACCEPTED, Outcome.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Log:
    """A stub's log, and beside it how far it was read, so that nothing rings twice."""

    path: Path

    def ring(self) -> int:
        """Hand on what was added since; says how many pushes there were."""
        start = self._read_to()
        whole = self._added(start)
        rung = sum(ring(orjson.loads(line)) for line in whole.splitlines())
        if whole:
            self._position.write_text(str(start + len(whole)))
        return rung

    @property
    def _position(self) -> Path:
        return self.path.with_suffix(".read")

    def _read_to(self) -> int:
        """From the start where the log is a new one."""
        try:
            position = int(self._position.read_text() or 0)
        except FileNotFoundError:
            return 0
        return position if self.path.exists() and position <= self.path.stat().st_size else 0

    def _added(self, start: int) -> bytes:
        """Lines that have an end; the last may still be written."""
        if not self.path.exists():
            return b""
        with self.path.open("rb") as file:
            file.seek(start)
            data = file.read()
        return data[: data.rfind(b"\n") + 1]


def logs() -> tuple[Log, ...]:
    return tuple(Log(stubs.folder() / f"{name}.jsonl") for name in stubs.LOGS)


def ring(entry: Mapping[str, Any]) -> bool:
    """Let the phone ring that a push was for; a request for a token was for none."""
    device = _find_device(entry) if entry["message"] else None
    if device is None:
        return False
    message_id, outcome = _hex(entry["message"]), _outcome(entry["status"])
    tries = LabPush.objects.filter(
        account=device.account_id, device_id=device.pk, message_id=message_id
    )
    request = entry["request"]
    LabPush.objects.create(
        account_id=device.account_id,
        device_id=device.pk,
        message_id=message_id,
        attempt=tries.count() + 1,
        title=entry.get("title", "")[:255],
        body=entry.get("text", ""),
        request_line=_request_line(entry),
        request_body=request.get("body") or entry.get("plaintext") or "",
        outcome=outcome,
        reason="" if outcome == Outcome.ACCEPTED else _word(entry["status"]),
        elapsed_ms=0,
        is_shown=outcome in SHOWN,
        wire=_wire(entry),
        created_at=datetime.fromtimestamp(entry["at"], UTC),
    )
    return True


def _find_device(entry: Mapping[str, Any]) -> Device | None:
    """By the token; that of a browser is the whole address."""
    digests = [token_digest(entry[name]) for name in ("token", "url")]
    return Device.objects.filter(token_digest__in=digests).order_by("-registered_at").first()


def _hex(message: str) -> str:
    """The message's id as the ledger has it, however the vendor wants it written."""
    try:
        return UUID(message).hex
    except ValueError:
        return message[:32]


def _request_line(entry: Mapping[str, Any]) -> str:
    path = "/" + entry["url"].split("/", 3)[3]
    return f"{entry['method']} {path}"[:300]


def _outcome(status: int | str) -> Outcome:
    if isinstance(status, str):
        return Outcome.UNKNOWN
    return STATUSES.get(status) or CLASSES.get(status // 100, Outcome.REJECTED)


def _word(status: int | str) -> str:
    return "answer_lost" if isinstance(status, str) else str(status)


def _wire(entry: Mapping[str, Any]) -> dict[str, Any]:
    """In the shape that `LabPush.wire` has."""
    request, answer = entry["request"], entry["answer"]
    wire = {name: request[name] for name in ("protocol", "headers")}
    if "sealed" in request:
        wire["sealed"] = request["sealed"]
    if answer is not None:
        wire["answer"] = {
            "status": entry["status"],
            "headers": answer["headers"],
            "body": answer.get("body", ""),
        }
    return wire
