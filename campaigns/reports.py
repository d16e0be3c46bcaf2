"""Rows for LivePerson's reports: campaigns by their time, messages by their campaigns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Account
from campaigns.models import FINAL, PENDING, Campaign, OutboundMessage, State
from campaigns.reasons import ERROR_SOURCE, WAITING, journey_status, recipient_status
from conversations.models import ReplyRoute
from conversations.selectors import Answer, answers_to

_UNSENT = Q(state__in=[state for state in FINAL if state != State.SENT])
_SCHEDULED = Q(state=State.QUEUED, reason__in=WAITING)
_ANSWERED = Exists(
    ReplyRoute.objects.filter(message_id=OuterRef("public_id"), replied_at__isnull=False)
)
# LivePerson's statuses as conditions; `reported` says the same of a row that was read.
_CONDITIONS = {
    "SCHEDULED": _SCHEDULED,
    "NOT_SENT": Q(state__in=PENDING) & ~_SCHEDULED,
    "FAILED": _UNSENT & ~Q(reason="opted_out"),
    "SKIPPED": _UNSENT & Q(reason="opted_out"),
    "SENT": Q(state=State.SENT, delivered_at=None, opened_at=None) & ~Q(_ANSWERED),
    "DELIVERED": Q(state=State.SENT, delivered_at__isnull=False, opened_at=None) & ~Q(_ANSWERED),
    "READ": Q(state=State.SENT, opened_at__isnull=False) & ~Q(_ANSWERED),
    "RESPONDED": Q(state=State.SENT) & Q(_ANSWERED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionFilter:
    """None does not narrow; ``since`` and ``until`` are when a message was accepted."""

    source: str
    since: datetime
    until: datetime
    channels: Sequence[str] | None = None
    skills: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    message_ids: Sequence[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """One message in LivePerson's words."""

    message: OutboundMessage
    answer: Answer | None
    status: str
    error_code: int | None
    error_message: str | None

    @property
    def error_source(self) -> str | None:
        return ERROR_SOURCE if self.error_code is not None else None


def messages_of(campaign: Campaign) -> list[Reported]:
    """Every recipient of a campaign, in the order of the call."""
    rows = OutboundMessage.objects.filter(campaign=campaign)
    return reported(rows.defer("title", "text").order_by("pk"))


def transactions(account: Account, wanted: TransactionFilter) -> QuerySet[OutboundMessage]:
    """Messages with their campaigns, the oldest first.

    Rows are found through their campaigns and stand in the order of those: by their own account or
    key the database might read all that the account ever sent.
    """
    rows = OutboundMessage.objects.filter(
        campaign__account=account,
        campaign__source=wanted.source,
        campaign__created_at__range=(wanted.since, wanted.until),
    )
    if wanted.channels is not None:
        rows = rows.filter(campaign__channel__in=wanted.channels)
    if wanted.skills is not None:
        rows = rows.filter(campaign__skill_name__in=wanted.skills)
    if wanted.statuses is not None:
        rows = rows.filter(_any_of([_CONDITIONS[status] for status in wanted.statuses]))
    if wanted.message_ids is not None:
        rows = rows.filter(public_id__in=wanted.message_ids)
    return rows.select_related("campaign").defer("title", "text").order_by("campaign_id", "pk")


def _any_of(conditions: Sequence[Q]) -> Q:
    either = Q(pk__in=[])
    for condition in conditions:
        either |= condition
    return either


def reported(rows: QuerySet[OutboundMessage]) -> list[Reported]:
    messages = list(rows)
    answers = answers_to([message.public_id for message in messages])
    return [_reported(message, answers.get(message.public_id)) for message in messages]


def _reported(message: OutboundMessage, answer: Answer | None) -> Reported:
    status, code, text = recipient_status(message.state, message.reason)
    status = journey_status(
        status,
        is_shown=message.delivered_at is not None,
        is_opened=message.opened_at is not None,
        is_answered=answer is not None,
    )
    return Reported(message, answer, status, code, text)
