"""One webhook call as HTTP: signed by Standard Webhooks, guarded, and what its answer is worth."""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from common.calls import Answer, Call, Sent, Timeouts, Tls
from common.guard import AddressGuard
from common.retry_after import parse_retry_after
from common.signatures import sign
from webhooks.models import DeliveryState

# Seconds after each failed try: the schedule of the Standard Webhooks specification.
SCHEDULE = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
# Of a pause at most this much is added, so that what failed together is not tried together.
JITTER = 0.1
LONGEST_RETRY_AFTER = 86_400.0
BODY_LIMIT = 65_536
GONE = 410

_rng = Random()


@dataclass(frozen=True, slots=True)
class Door:
    """Where an endpoint's calls go, and the secrets that sign them."""

    endpoint_id: int
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Posting:
    """A claimed delivery on its way."""

    id: int
    fence: int
    endpoint_id: int
    attempts: int
    event_id: str
    body: str = field(repr=False)


def guard() -> AddressGuard:
    return AddressGuard(tuple(settings.EGRESS_ALLOWED_NETWORKS), settings.EGRESS_ALLOW_HTTP)


def check_url(url: str) -> None:
    """Refuse what can be seen now; what a name resolves to is checked at each connection.

    :raises AddressRefused: saying why.
    """
    guard().check_setting(url)


def make_call(posting: Posting, door: Door, *, now: datetime) -> Call[Posting]:
    """The same id and body on every try, signed anew with each secret that is live."""
    parts = urlsplit(door.url)
    body = posting.body.encode()
    signed = sign(door.secrets, message_id=posting.event_id, body=body, now=now)
    return Call(
        tag=posting,
        key=f"webhook {door.endpoint_id} {parts.scheme}://{parts.netloc}",
        method="POST",
        url=door.url,
        headers=(("Content-Type", "application/json"), *signed),
        body=body,
        timeouts=Timeouts(
            connect=settings.WEBHOOK_CONNECT_TIMEOUT, total=settings.WEBHOOK_TOTAL_TIMEOUT
        ),
        tls=Tls(ca_file=settings.EGRESS_CA_FILE),
        guard=guard(),
        body_limit=BODY_LIMIT,
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer means: a state, our word for what went wrong, seconds until the next try."""

    state: DeliveryState
    error: str = ""
    due_in: float | None = None
    is_gone: bool = False


def read_answer(answer: Answer[Posting]) -> Reading:
    """2xx is delivered, whatever the body; 410 means never again; all else is tried again."""
    if answer.status is not None and 200 <= answer.status < 300:
        return Reading(DeliveryState.DELIVERED)
    if answer.status == GONE:
        return Reading(DeliveryState.FAILED, "gone", is_gone=True)
    asked = parse_retry_after(
        answer.headers.get("retry-after"), answer.ended_at, longest=LONGEST_RETRY_AFTER
    )
    return try_again(answer.tag.attempts, _word(answer), retry_after=asked)


def try_again(attempts: int, error: str, *, retry_after: float | None = None) -> Reading:
    """The reading of a failed try, after so many before it: the last one was the last."""
    if attempts >= len(SCHEDULE):
        return Reading(DeliveryState.DEAD, error)
    pause = SCHEDULE[attempts] * _rng.uniform(1.0, 1.0 + JITTER)
    return Reading(DeliveryState.QUEUED, error, max(pause, retry_after or 0.0))


def _word(answer: Answer[Any]) -> str:
    """Ours, and nothing of the body: who may set a URL must not read what stands behind it."""
    if answer.status is not None:
        return "redirected" if answer.status < 400 else "refused"
    if answer.is_address_refused:
        return "address_refused"
    if answer.is_tls_refused:
        return "certificate_refused"
    return "not_reached" if answer.sent is Sent.NOT_SENT else "no_answer"
