"""Reading answers: what all providers have in common, whatever their words."""

from datetime import datetime
from typing import Any

from common import retry_after
from common.calls import Answer, Sent
from push.providers.base import Outcome, PushRequest, PushResult

DETAIL_LIMIT = 300
LONGEST_RETRY_AFTER = 3600.0


def make_result(
    request: PushRequest,
    answer: Answer[Any],
    outcome: Outcome,
    reason: str = "",
    *,
    detail: str = "",
    provider_id: str = "",
    dead_since: datetime | None = None,
) -> PushResult:
    retry_after = None
    if outcome is not Outcome.ACCEPTED:  # nobody asks, and reading headers is not free
        retry_after = parse_retry_after(answer.headers.get("retry-after"), answer.ended_at)
    return PushResult(
        message_id=request.message_id,
        device_id=request.device_id,
        outcome=outcome,
        reason=reason,
        detail=detail,
        retry_after=retry_after,
        status=answer.status,
        provider_id=provider_id,
        elapsed_ms=answer.elapsed_ms,
        is_started=answer.sent is not Sent.NOT_STARTED,
        dead_since=dead_since,
    )


def make_unanswered_result(request: PushRequest, answer: Answer[Any]) -> PushResult:
    """The result of a request that has no status: it may be tried again, unless a certificate or
    an address stands in the way, which only a person can change."""
    detail = answer.error[:DETAIL_LIMIT]
    if answer.is_tls_refused:
        outcome, reason = Outcome.MISCONFIGURED, "certificate_refused"
    elif answer.is_address_refused:
        outcome, reason = Outcome.MISCONFIGURED, "address_refused"
    elif answer.sent is Sent.NOT_STARTED:
        outcome, reason = Outcome.RETRY, "not_started"
    elif answer.sent is Sent.NOT_SENT:
        outcome, reason = Outcome.RETRY, "not_reached"
    else:
        outcome, reason = Outcome.UNKNOWN, "answer_lost"
    return make_result(request, answer, outcome, reason, detail=detail)


def read_words(body: bytes) -> str:
    """The beginning of a body as one line of text that can be stored; it may be anything."""
    text = body[: 4 * DETAIL_LIMIT].decode("utf-8", "replace")
    printable = "".join(mark if mark.isprintable() else " " for mark in text)
    return " ".join(printable.split())[:DETAIL_LIMIT]


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Read seconds or an HTTP date, clamped to [0, 3600]; None for what is neither."""
    return retry_after.parse_retry_after(value, now, longest=LONGEST_RETRY_AFTER)
