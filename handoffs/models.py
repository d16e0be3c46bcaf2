"""The API handoff: the stored configuration that a call refers to."""

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import Account
from common.ids import digits

MIN_LOOKBACK = timedelta(hours=1)
MAX_LOOKBACK = timedelta(days=30)


def new_handoff_id() -> str:
    return "H" + digits(15)


class Kind(models.TextChoices):
    PROACTIVE = "proactive", "Proactive"
    IVR = "ivr", "IVR deflection"


# Shown as app names on one handoff, by kind (liveperson's limits).
MAX_APPS = {Kind.PROACTIVE: 4, Kind.IVR: 3}


class Channel(models.TextChoices):
    INAPP = "inapp", "In-App"
    SMS = "sms", "SMS"
    WHATSAPP = "wa", "WhatsApp"


class DeviceChoice(models.TextChoices):
    NEWEST = "newest", "The device used last"
    ALL = "all", "Every device"


class HandoffQuerySet(models.QuerySet["Handoff"]):
    def live(self) -> "HandoffQuerySet":
        return self.filter(archived_at__isnull=True)

    def archived(self) -> "HandoffQuerySet":
        return self.filter(archived_at__isnull=False)

    def proactive(self) -> "HandoffQuerySet":
        return self.filter(kind=Kind.PROACTIVE)


class Handoff(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="handoffs")
    public_id = models.CharField(
        "handoff id",
        max_length=16,
        default=new_handoff_id,
        validators=[RegexValidator(r"^H[0-9]{1,15}\Z", "A handoff id is H and 1 to 15 digits.")],
    )
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PROACTIVE)
    channels = ArrayField(models.CharField(max_length=5, choices=Channel), default=list)
    title = models.CharField(
        max_length=255, validators=[RegexValidator(r"^[^<>]+$", "A title has no < and no >.")]
    )
    app_names = ArrayField(models.CharField(max_length=155), default=list)
    text = models.TextField(max_length=4000)
    notification_title = models.CharField(max_length=255, blank=True)
    lookback = models.DurationField(default=MAX_LOOKBACK)
    push_when_logged_in = models.BooleanField(default=True)
    push_when_logged_out = models.BooleanField(default=True)
    device_choice = models.CharField(
        max_length=6, choices=DeviceChoice, default=DeviceChoice.NEWEST
    )
    route_all_within_lookback = models.BooleanField(
        default=False,
        db_default=False,
        help_text="What is written after the answer was closed goes to the skill of the call too.",
    )
    language = models.CharField(
        max_length=20,
        default="en",
        validators=[
            RegexValidator(r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*\Z", "A language is en or pt-BR.")
        ],
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    archived_by = models.CharField(max_length=254, blank=True, editable=False)

    objects = HandoffQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "public_id"], name="handoff_id_unique"),
            models.UniqueConstraint(
                "account",
                Lower("title"),
                condition=Q(archived_at__isnull=True),
                name="handoff_title_unique",
            ),
            models.CheckConstraint(
                name="handoff_lookback", condition=Q(lookback__range=(MIN_LOOKBACK, MAX_LOOKBACK))
            ),
            models.CheckConstraint(
                name="handoff_inapp_stands_alone",
                condition=~Q(channels__contains=["inapp"]) | Q(channels__len=1),
            ),
            models.CheckConstraint(name="handoff_has_channel", condition=Q(channels__len__gte=1)),
            models.CheckConstraint(
                name="handoff_app_count",
                condition=~Q(channels__contains=["inapp"])
                | Q(kind=Kind.PROACTIVE, app_names__len__range=(1, 4))
                | Q(kind=Kind.IVR, app_names__len__range=(1, 3)),
            ),
            models.CheckConstraint(
                name="handoff_archived_by_someone",
                condition=Q(archived_at__isnull=True, archived_by="")
                | (Q(archived_at__isnull=False) & ~Q(archived_by="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.public_id})"

    @property
    def lookback_days_hours(self) -> tuple[int, int]:
        """The lookback as whole days and hours, as people read and LivePerson lists it."""
        hours = int(self.lookback.total_seconds()) // 3600
        return hours // 24, hours % 24

    def snapshot(self) -> dict[str, Any]:
        """What a campaign keeps of the handoff, so that a later edit changes nothing sent."""
        return {
            "id": self.public_id,
            "title": self.title,
            "kind": self.kind,
            "app_names": list(self.app_names),
            "text": self.text,
            "notification_title": self.notification_title,
            "lookback_seconds": int(self.lookback.total_seconds()),
            "push_when_logged_in": self.push_when_logged_in,
            "push_when_logged_out": self.push_when_logged_out,
            "device_choice": self.device_choice,
            "route_all_within_lookback": self.route_all_within_lookback,
            "language": self.language,
        }


class Step(models.TextChoices):
    """The steps of making a handoff, in their order."""

    CHANNEL = "channel", "Channel"
    MESSAGE = "message", "Apps and message"
    RULES = "rules", "Lookback and push"
    REVIEW = "review", "Review"


class HandoffDraft(models.Model):
    """A handoff that is half made: what was typed, whether or not it holds.

    ``data`` is by the names of the steps' fields; ``step`` the furthest that was reached.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="handoff_drafts")
    by = models.CharField(max_length=254)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PROACTIVE)
    data = models.JSONField(default=dict)
    step = models.CharField(max_length=8, choices=Step, default=Step.MESSAGE)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.title or f"Draft {self.pk}"

    @property
    def title(self) -> str:
        return str(self.data.get("title", ""))
