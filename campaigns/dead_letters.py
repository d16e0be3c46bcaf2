"""Messages that failed for good, and what they failed of (D8).

What expired is no dead letter: its lookback is over, so nothing can be done about it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Max, Min, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import JSONObject

from accounts.models import Account
from campaigns.models import PENDING, EventKind, MessageEvent, OutboundMessage, State
from consumers.models import Device

# The longest lookback: what failed earlier can be replayed no more.
SHOWN = timedelta(days=30)

_APP = Device.objects.filter(pk=OuterRef("device_id")).values("app__bundle_id")
_PUSHES = MessageEvent.objects.filter(message=OuterRef("pk"), kind=EventKind.PUSH)
# App and provider of the last push; null where none was made.
_CAUSE = Subquery(
    _PUSHES.order_by("-id").values(
        cause=JSONObject(provider="provider", app=Subquery(_APP[:1]), detail="detail")
    )[:1]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterFilter:
    """None does not narrow. Failed from ``since`` on and before ``until``; with ``message_ids``
    these alone, whatever became of them."""

    until: datetime
    since: datetime | None = None
    reason: str | None = None
    provider: str | None = None
    app_name: str | None = None
    campaign_id: str | None = None
    message_ids: Sequence[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """Dead letters with the same app, provider and reason; ``detail`` is what the provider said to
    the newest of them."""

    app_name: str
    provider: str
    reason: str
    count: int
    replayable: int
    first_at: datetime
    last_at: datetime
    detail: str


def find_dead_letters(account: Account, wanted: DeadLetterFilter) -> QuerySet[OutboundMessage]:
    """Annotated with ``cause``: app, provider and detail of the last push."""
    since = wanted.since or wanted.until - SHOWN
    given: dict[str, Any] = {
        "reason": wanted.reason,
        "campaign__public_id": wanted.campaign_id,
        "cause__provider": wanted.provider,
        "cause__app": wanted.app_name,
    }
    failed = OutboundMessage.objects.filter(
        account=account, state=State.FAILED, finished_at__gte=since, finished_at__lt=wanted.until
    )
    narrowed = {lookup: value for lookup, value in given.items() if value is not None}
    return failed.annotate(cause=_CAUSE).filter(**narrowed)


def list_dead_letters(
    account: Account, wanted: DeadLetterFilter, *, now: datetime
) -> QuerySet[OutboundMessage]:
    """With their campaigns; annotated with ``cause``, and with ``why`` they are not replayed."""
    letters = find_dead_letters(account, wanted).select_related("campaign")
    return letters.annotate(why=why_not(wanted, now=now))


def why_not(wanted: DeadLetterFilter, *, now: datetime) -> Case:
    """Why a message is not replayed; empty when it is. Nothing that arrived is sent again."""
    again = Q(replays__gt=0)
    since_then = Q(finished_at__gte=wanted.until)
    return Case(
        When(Q(state=State.SENT) | Q(delivered_at__isnull=False), then=Value("already_sent")),
        When(Q(state__in=PENDING) & again, then=Value("already_replayed")),
        When(~Q(state=State.FAILED), then=Value("not_failed")),
        When(since_then & again, then=Value("already_replayed")),
        When(since_then, then=Value("not_failed")),
        When(campaign__cancelled_at__isnull=False, then=Value("campaign_cancelled")),
        When(expires_at__lte=now, then=Value("lookback_over")),
        default=Value(""),
    )


def causes(account: Account, wanted: DeadLetterFilter, *, now: datetime) -> list[Cause]:
    """What the dead letters failed of, the most frequent first."""
    letters = find_dead_letters(account, wanted).annotate(why=why_not(wanted, now=now))
    groups = (
        letters.annotate(
            provider=KeyTextTransform("provider", "cause"), app=KeyTextTransform("app", "cause")
        )
        .values("reason", "provider", "app")
        .annotate(
            n=Count("pk"),
            replayable=Count("pk", filter=Q(why="")),
            first_at=Min("finished_at"),
            last_at=Max("finished_at"),
            newest=Max("pk"),
        )
        .order_by("-n", "reason")
    )
    found = list(groups)
    details = _details([group["newest"] for group in found])
    return [
        Cause(
            app_name=group["app"] or "",
            provider=group["provider"] or "",
            reason=group["reason"],
            count=group["n"],
            replayable=group["replayable"],
            first_at=group["first_at"],
            last_at=group["last_at"],
            detail=details.get(group["newest"], ""),
        )
        for group in found
    ]


def _details(message_ids: Sequence[int]) -> dict[int, str]:
    events = MessageEvent.objects.filter(message__in=message_ids, kind=EventKind.PUSH)
    return dict(events.order_by("id").values_list("message_id", "detail"))
