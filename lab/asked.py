"""What the provider was asked, and how it went: plain values for templates."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.models import OutboundMessage, State
from campaigns.reasons import reason
from common import base64url
from consumers.models import Device
from push.models import LabPush


@dataclass(frozen=True, slots=True)
class Chip:
    kind: str
    icon: str
    label: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of JSON: ``kind`` is k(ey), s(tring), n(umber) or nothing."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The newest push, as the provider was asked for it. Headers and answer are known where a stub
    took it; `sealed` is what it decrypted."""

    line: str
    facts: str
    chip: Chip
    tokens: tuple[Token, ...]
    raw: str
    headers: tuple[tuple[str, str], ...] = ()
    sealed: str = ""
    answer: "Answer | None" = None


@dataclass(frozen=True, slots=True)
class Answer:
    line: str
    headers: tuple[tuple[str, str], ...]
    tokens: tuple[Token, ...]


OUTCOMES = {
    "accepted": Chip("", "check", "Sent", "Handed to the provider; the phone has not shown it"),
    "retry": Chip("scheduled", "clock", "Tried again soon"),
    "unknown": Chip("scheduled", "help", "No answer", "Tried once more under the same id"),
    "unregistered": Chip("failed", "alert", "App removed", "The device left the registry"),
    "rejected": Chip("failed", "alert", "Refused"),
    "misconfigured": Chip("failed", "alert", "Credential refused"),
}
WORDS = {
    "rate_limited": "429, wait 4 s",
    "provider_unavailable": "503",
    "answer_lost": "no answer",
    "token_gone": "410, the app was removed",
    "payload_too_big": "413, too big",
}
DELIVERED = Chip("ok", "checks", "Delivered", "The phone has shown it")
OPENED = Chip("ok", "eye", "Opened", "The person tapped it")
REPLIED = Chip("sending", "reply", "Replied")


def asked(
    pushes: Sequence[LabPush],
    messages: dict[str, OutboundMessage],
    replied: set[str],
    read: Collection[str],
    device: Device,
) -> Asked | None:
    """``pushes`` newest first, as stored; ``replied`` holds the messages that were answered,
    ``read`` what an agent said and the person has seen."""
    if not pushes:
        return None
    newest = pushes[0]
    tries = [push for push in reversed(pushes) if push.message_id == newest.message_id]
    ordinal = f" · try {newest.attempt}" if newest.attempt > 1 else ""
    wire = newest.wire or {}
    return Asked(
        line=newest.request_line + ordinal,
        facts=" · ".join([*_facts(device), _story(tries), _size(newest)]),
        chip=_chip(newest, messages.get(newest.message_id), replied, read),
        tokens=tuple(tokens(newest.request_body)),
        raw=newest.request_body,
        headers=_headers(wire),
        sealed=wire.get("sealed", ""),
        answer=_answer(wire),
    )


def _headers(said: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in said.get("headers", ()))


def _answer(wire: Mapping[str, Any]) -> Answer | None:
    said = wire.get("answer")
    if said is None:
        return None
    return Answer(
        line=f"{wire['protocol']} {said['status']}",
        headers=_headers(said),
        tokens=tuple(tokens(said["body"])) if said["body"] else (),
    )


def _facts(device: Device) -> list[str]:
    system = f"{device.get_platform_display()} {device.os_version}".strip()
    return [system, *([f"SDK {device.sdk_version}"] if device.sdk_version else [])]


def _story(tries: Sequence[LabPush]) -> str:
    *before, last = tries
    words = [WORDS.get(push.reason, push.reason) for push in before]
    if last.outcome == "accepted":
        words.append("accepted" if last.wire else f"accepted in {last.elapsed_ms:,} ms")
    else:
        words.append(WORDS.get(last.reason, last.reason))
    return ", then ".join(words)


def _size(push: LabPush) -> str:
    sealed = (push.wire or {}).get("sealed", "")
    size = len(base64url.decode(sealed) if sealed else push.request_body.encode())
    return f"{size:,} bytes, encrypted" if sealed else f"{size:,} bytes"


def _chip(
    push: LabPush, message: OutboundMessage | None, replied: set[str], read: Collection[str]
) -> Chip:
    if push.message_id in replied:
        return REPLIED
    if push.message_id in read or (message is not None and message.opened_at is not None):
        return OPENED
    if message is not None and message.delivered_at is not None:
        return DELIVERED
    return OUTCOMES.get(push.outcome, OUTCOMES["rejected"])


def not_sent(message: OutboundMessage | None) -> str:
    """Why the newest message to this person did not go out, and what helps."""
    if message is None or message.state not in {State.SUPPRESSED, State.FAILED, State.EXPIRED}:
        return ""
    why = reason(message.reason)
    return f"{why.sentence} {why.remedy}"


_TOKEN = re.compile(
    r'("(?:[^"\\]|\\.)*")(?=\s*:)'  # a key
    r'|("(?:[^"\\]|\\.)*")'
    r"|(-?\d[\d.eE+-]*)"
    r'|([^"\d-]+|-)'
)
_TOKEN_KINDS = ("k", "s", "n", "")


def tokens(body: str) -> Iterator[Token]:
    """The body laid out over lines and cut into coloured pieces; as it is when it is no JSON."""
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        yield Token("", body)
        return
    for found in _TOKEN.finditer(text):
        yield Token(_TOKEN_KINDS[(found.lastindex or 4) - 1], found[0])
