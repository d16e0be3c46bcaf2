"""Where a brand wants to be called, what it is told, and what came of each call."""

import hashlib
from datetime import datetime
from typing import Any, ClassVar, cast

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account
from common.fields import EncryptedJSONField
from common.ids import uuid7
from webhooks.events import EventType


def new_event_id() -> str:
    return f"msg_{uuid7().hex}"


class DisabledReason(models.TextChoices):
    BY_HAND = "by_hand", "Switched off"
    GONE = "gone", "The endpoint answered 410"
    FAILING = "failing", "No call succeeded for five days"


class EndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    def present(self) -> "EndpointQuerySet":
        """Those that were not deleted; what hangs on a deleted one goes in batches."""
        return self.filter(deleted_at=None)


class WebhookEndpoint(models.Model):
    """A URL of the brand, and the types of events that are posted there.

    ``failing_since`` is the first failure after the last success.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="webhooks")
    public_id = models.UUIDField("webhook id", default=uuid7, unique=True, editable=False)
    url = models.CharField("URL", max_length=2000)
    description = models.CharField(max_length=255, blank=True)
    event_types = ArrayField(models.CharField(max_length=40, choices=EventType))
    sealed = EncryptedJSONField(
        help_text='{"webhook": id, "secrets": [{"secret": "whsec_…", "until": time or null}]}',
        editable=False,
    )
    is_enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=10, choices=DisabledReason, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    is_notice_due = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="webhook_disabled_for_a_reason",
                condition=Q(is_enabled=True, disabled_reason="", disabled_at__isnull=True)
                | (Q(is_enabled=False, disabled_at__isnull=False) & ~Q(disabled_reason="")),
            ),
            models.CheckConstraint(
                name="webhook_deleted_is_disabled",
                condition=Q(deleted_at__isnull=True) | Q(is_enabled=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Webhook {self.public_id}"

    @property
    def secrets(self) -> list[dict[str, Any]]:
        """The newest first; ``until`` is None for the newest alone.

        :raises ValueError: the sealed value was made for another webhook.
        """
        sealed = cast("dict[str, Any]", self.sealed)
        if sealed["webhook"] != self.public_id.hex:
            raise ValueError("These secrets were sealed for another webhook.")
        return cast("list[dict[str, Any]]", sealed["secrets"])

    @property
    def fingerprint(self) -> str:
        """Names the present secret without telling it."""
        return hashlib.sha256(self.secrets[0]["secret"].encode()).hexdigest()[:16]

    def live_secrets(self, now: datetime) -> list[str]:
        return [
            entry["secret"]
            for entry in self.secrets
            if entry["until"] is None or now < datetime.fromisoformat(entry["until"])
        ]

    def seal(self, secrets: list[dict[str, Any]]) -> None:
        self.sealed = {"webhook": self.public_id.hex, "secrets": secrets}


class WebhookEvent(models.Model):
    """Something that happened, as it is told: the text that is signed and sent."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    public_id = models.CharField(
        "webhook-id", max_length=36, default=new_event_id, unique=True, editable=False
    )
    type = models.CharField(max_length=40)
    body = models.TextField()
    once = models.CharField(max_length=60, blank=True, help_text="What is told one time only.")
    campaign_id = models.CharField(
        max_length=9, blank=True, db_default="", help_text="The campaign that it is of, if any."
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "once"], condition=~Q(once=""), name="webhook_event_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["created_at"], name="webhook_event_age"),
            models.Index(
                fields=["account", "campaign_id"],
                condition=~Q(campaign_id=""),
                name="webhook_event_campaign",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.public_id}"


class DeliveryState(models.TextChoices):
    QUEUED = "queued", "Waiting"
    SENDING = "sending", "Sending"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up: the webhook was switched off"
    DEAD = "dead", "Given up: every try failed"


PENDING = (DeliveryState.QUEUED, DeliveryState.SENDING)
UNDELIVERED = (DeliveryState.FAILED, DeliveryState.DEAD)


class WebhookDelivery(models.Model):
    """One event to one endpoint: a row of the outbox, with the last try's result.

    ``fence`` rises with each claim and guards every later write; ``attempts`` counts the tries of
    the present schedule. ``due_at`` is the next try while queued and the end of the lease while
    sending.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=9, choices=DeliveryState, default=DeliveryState.QUEUED)
    fence = models.IntegerField(default=0)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    last_tried_at = models.DateTimeField(null=True)
    last_status = models.IntegerField(null=True)
    last_error = models.CharField(max_length=40, blank=True)
    last_elapsed_ms = models.IntegerField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="webhook_delivery_once"),
            models.CheckConstraint(
                name="webhook_delivery_state", condition=Q(state__in=DeliveryState.values)
            ),
        ]
        indexes: ClassVar = [
            # The queue: only rows that are not final are in it.
            models.Index(
                fields=["endpoint", "due_at"],
                condition=Q(state__in=[DeliveryState.QUEUED, DeliveryState.SENDING]),
                name="webhook_delivery_due",
            ),
            models.Index(fields=["endpoint", "-id"], name="webhook_delivery_log"),
            models.Index(
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False),
                name="webhook_delivery_age",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.endpoint_id}"
