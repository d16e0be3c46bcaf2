"""Campaigns and their messages: the ledger."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account, Skill
from campaigns.windows import WAIT_REASONS, Schedule, load_windows
from common.ids import short_id, uuid7
from conversations.models import Source
from handoffs.models import Channel, Handoff


class State(models.TextChoices):
    QUEUED = "queued", "Waiting"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    SUPPRESSED = "suppressed", "Suppressed"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"


PENDING = (State.QUEUED, State.SENDING)


FINAL = (State.SENT, State.SUPPRESSED, State.FAILED, State.EXPIRED, State.CANCELLED)
# Of the rows that are not final, those that wait for their time, and all others.
_SCHEDULED = Q(state=State.QUEUED, reason__in=WAIT_REASONS)
_UNDER_WAY = Q(state__in=PENDING) & ~_SCHEDULED


class Campaign(models.Model):
    """One API call, with a snapshot of its handoff."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="campaigns")
    public_id = models.CharField("campaign id", max_length=9, default=short_id, unique=True)
    le_campaign_id = models.BigIntegerField()
    le_engagement_id = models.BigIntegerField()
    trace_id = models.UUIDField()
    source = models.CharField(max_length=3, choices=Source, default=Source.API)
    channel = models.CharField(max_length=5, choices=Channel, default=Channel.INAPP)
    name = models.CharField(max_length=255)
    handoff = models.ForeignKey(Handoff, on_delete=models.RESTRICT, related_name="campaigns")
    skill = models.ForeignKey(Skill, on_delete=models.RESTRICT, related_name="+")
    skill_name = models.CharField(max_length=255)
    handoff_snapshot = models.JSONField()
    client_id = models.CharField(
        max_length=100, blank=True, help_text="The API client that called."
    )
    requested = models.PositiveIntegerField()
    accepted = models.PositiveIntegerField()
    windows = models.JSONField(
        null=True, blank=True, help_text="Windows of local time; none: all day."
    )
    start_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.CharField(max_length=254, blank=True)
    replays = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How often what had failed of it was sent again."
    )

    class Meta:
        constraints: ClassVar = [
            # What the composite foreign key of the ledger points at.
            models.UniqueConstraint(fields=["account", "id"], name="campaign_account_id"),
            models.CheckConstraint(
                name="campaign_cancelled_by_someone",
                condition=Q(cancelled_at__isnull=True, cancelled_by="")
                | (Q(cancelled_at__isnull=False) & ~Q(cancelled_by="")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "-created_at", "-id"], name="campaign_newest")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.public_id})"

    @property
    def engagement_name(self) -> str:
        """LivePerson makes an engagement for each call; ours is named after its skill."""
        return f"{self.name} · {self.skill_name}"

    @property
    def schedule(self) -> Schedule:
        return Schedule(load_windows(self.windows), self.start_at)


class RejectedRecipient(models.Model):
    """A recipient that failed the call's own checks: it never entered the ledger."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="rejected")
    position = models.PositiveIntegerField(help_text="Index in the call's consumers, from 0.")
    consumer_ref = models.CharField(max_length=255, blank=True)
    error = models.CharField(max_length=300)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["campaign", "position"], name="rejected_position_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.error}"


class MessageQuerySet(models.QuerySet["OutboundMessage"]):
    def scheduled(self) -> "MessageQuerySet":
        """Waiting for their start or their window; one whose time has come is still in it."""
        return self.filter(_SCHEDULED)

    def under_way(self) -> "MessageQuerySet":
        """Not final, and waiting for nothing but a worker, an answer or the next try."""
        return self.filter(_UNDER_WAY)


class OutboundMessage(models.Model):
    """One campaign to one consumer: a row of the ledger.

    ``fence`` rises with each claim and guards every later write; ``attempts`` rises only when a
    result of a started request is recorded. ``due_at`` is the next try while queued and the end of
    the lease while sending. A trigger forbids leaving a final state, but for a replay of what
    failed, which raises ``replays``.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    # The composite key (account, campaign) of migration 0002 stands for both constraints.
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.CASCADE,
        related_name="messages",
        db_index=False,
        db_constraint=False,
    )
    consumer_ref = models.CharField(max_length=255)
    lane = models.CharField(max_length=10)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    reason = models.CharField(max_length=40, blank=True)
    fence = models.IntegerField(default=0)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    title = models.CharField(max_length=4000, blank=True)
    text = models.TextField()
    app_name = models.CharField(max_length=155, blank=True, help_text="The app it was pushed to.")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    replays = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How often it was queued again after it had failed."
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "consumer_ref"], name="message_once"),
            models.CheckConstraint(name="message_state", condition=Q(state__in=State.values)),
        ]
        indexes: ClassVar = [
            # The queue: only rows that are not final are in it.
            models.Index(
                fields=["lane", "account", "due_at"],
                condition=Q(state__in=[State.QUEUED, State.SENDING]),
                name="message_due",
            ),
            models.Index(fields=["account", "consumer_ref", "-id"], name="message_by_consumer"),
            # Whether all of a campaign waits, and until when, by two entries instead of all of its
            # rows. A row that is not final is in one of the two: one more entry to insert.
            models.Index(
                fields=["campaign", "due_at"], condition=_SCHEDULED, name="message_scheduled"
            ),
            models.Index(
                fields=["campaign", "due_at"], condition=_UNDER_WAY, name="message_under_way_due"
            ),
            # The dead letters of an account.
            models.Index(
                fields=["account", "finished_at"],
                condition=Q(state=State.FAILED),
                name="message_failed",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id.hex

    @property
    def is_erased(self) -> bool:
        """Whether the data of whom it was for was erased."""
        return self.consumer_ref == f"erased {self.public_id}"


class EventKind(models.TextChoices):
    PUSH = "push", "Push"
    DECIDED = "decided", "Decided"
    DEFERRED = "deferred", "Put off"
    WORKER_LOST = "worker_lost", "Taken over from a lost worker"
    ERROR = "error", "Internal error"
    DELIVERED = "delivered", "Delivered"
    OPENED = "opened", "Opened"
    CANCELLED = "cancelled", "Cancelled"
    REPLAYED = "replayed", "Sent again by hand"


class MessageEvent(models.Model):
    """One line of a message's timeline; a push is one attempt at one device."""

    account_id = models.BigIntegerField()
    message = models.ForeignKey(
        OutboundMessage,
        on_delete=models.CASCADE,
        related_name="events",
        db_constraint=False,
        db_index=False,
    )
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=EventKind)
    fence = models.IntegerField(default=0)
    device_id = models.BigIntegerField(null=True)
    provider = models.CharField(max_length=10, blank=True)
    outcome = models.CharField(max_length=14, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    provider_id = models.CharField(max_length=200, blank=True)
    elapsed_ms = models.IntegerField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["message", "id"], name="message_event_timeline")]

    def __str__(self) -> str:
        return f"{self.kind} {self.outcome or self.reason}"
