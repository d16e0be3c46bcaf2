"""What goes into the transport and what comes out: calls, pauses and answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Generic, TypeVar

from common.guard import AddressGuard

Tag = TypeVar("Tag")


class Sent(StrEnum):
    """How far a request got.

    NOT_STARTED: it was never tried, because its key was stuck; nothing may be counted against it.
    NOT_SENT: tried, but the server cannot have acted on it.
    UNKNOWN: the server may have acted on it; the answer is lost.
    ANSWERED: `status` is the server's word, even where the body broke off (`error` says so).
    """

    NOT_STARTED = "not_started"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    ANSWERED = "answered"


class Tick(Enum):
    TICK = "tick"


TICK = Tick.TICK
"""Yielded when nothing has completed for a while, so that the reader can flush what it holds. A
source that has nothing now, and may have later, yields it as well."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; `total` counts from the start of the request and includes connecting."""

    connect: float = 5.0
    total: float = 10.0


@dataclass(frozen=True, slots=True)
class Tls:
    """`ca_file` replaces the system's authorities; certificate and key are PEM texts."""

    ca_file: str = ""
    cert_pem: str = field(default="", repr=False)
    key_pem: str = field(default="", repr=False)


# Calls and answers are not frozen: there is one for each message, and freezing doubles its price.
@dataclass(slots=True)
class Call(Generic[Tag]):
    """One HTTP request. Calls share connections only with calls of the same key, tls and guard.

    `key` names the origin and the credential; `tag` comes back with the answer. `is_first_alone`:
    a new connection takes no other call until its first one is over, as the server refuses more
    before it knows whose it is.
    """

    tag: Tag
    key: str
    method: str
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    timeouts: Timeouts = Timeouts()
    tls: Tls = Tls()
    guard: AddressGuard | None = None
    body_limit: int = 65536
    is_first_alone: bool = False


@dataclass(frozen=True, slots=True)
class Pause(Generic[Tag]):
    """A request that needs no network: it is answered, with no status, after `seconds`."""

    tag: Tag
    seconds: float = 0.0


@dataclass(slots=True)
class Answer(Generic[Tag]):
    """`headers` have lower-case names, `body` ends at the call's limit. `is_resent`: the transport
    sent it again, after a GOAWAY for example."""

    tag: Tag
    sent: Sent
    ended_at: datetime
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    error: str = ""
    elapsed_ms: int = 0
    is_resent: bool = False
    is_tls_refused: bool = False
    is_address_refused: bool = False
