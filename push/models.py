"""What an app needs to reach its phones, and what the lab's phones received."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, cast

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account, App, Platform
from common.fields import EncryptedJSONField
from common.signatures import SigningSecret


class ProviderKind(models.TextChoices):
    LAB = "lab", "Push lab"
    PROXY = "proxy", "Push proxy"
    FCM = "fcm", "Firebase Cloud Messaging"
    APNS = "apns", "Apple Push Notification service"
    WEBPUSH = "webpush", "Web Push"


class PushCredential(models.Model):
    """One app's way to one platform's phones."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="push_credentials")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="push_credentials")
    platform = models.CharField(max_length=8, choices=Platform)
    provider = models.CharField(max_length=10, choices=ProviderKind)
    sealed = EncryptedJSONField(help_text='{"account": number, "settings": {…}}', editable=False)
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    switched_off_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_worked_at = models.DateTimeField(
        null=True, editable=False, help_text="To the minute; empty with new settings."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["app", "platform"],
                condition=Q(is_enabled=True),
                name="push_credential_one_enabled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_provider_display()} for {self.get_platform_display()}"

    # One that was made just now: the service tells it here, and nobody tells it again.
    new_signing_secret = ""

    @property
    def settings(self) -> dict[str, Any]:
        """The provider's settings in clear.

        :raises ValueError: the sealed value was made for another account.
        """
        settings: dict[str, Any] = self._opened["settings"]
        return settings

    @property
    def signing(self) -> tuple[SigningSecret, ...]:
        """What pushes are signed with, the newest first; empty where they are not signed.

        :raises ValueError: the sealed value was made for another account.
        """
        entries: list[dict[str, Any]] = self._opened.get("signing", [])
        return tuple(
            SigningSecret(
                entry["secret"], entry["until"] and datetime.fromisoformat(entry["until"])
            )
            for entry in entries
        )

    def seal(self, settings: Mapping[str, Any], signing: Sequence[SigningSecret]) -> None:
        """Also ``"signing": [{"secret": "whsec_…", "until": time or null}]``."""
        entries = [
            {"secret": one.value, "until": one.until and one.until.isoformat()} for one in signing
        ]
        self.sealed = {
            "account": self.account.number,
            "settings": dict(settings),
            "signing": entries,
        }

    @property
    def _opened(self) -> dict[str, Any]:
        sealed = cast("dict[str, Any]", self.sealed)
        if sealed["account"] != self.account.number:
            raise ValueError("This credential was sealed for another account.")
        return sealed


class BreakerQuerySet(models.QuerySet["Breaker"]):
    def open(self) -> "BreakerQuerySet":
        return self.filter(opened_at__isnull=False)


class Breaker(models.Model):
    """Whether pushes by one credential get through to one host of its provider; without a
    credential, whether anybody's do.

    Closed while ``opened_at`` is empty. Open, it lets one push through at ``probe_at``. Results are
    counted for a while from the first failure on.
    """

    scope = models.CharField(max_length=340, unique=True)
    credential = models.ForeignKey(
        PushCredential, on_delete=models.CASCADE, null=True, related_name="breakers"
    )
    provider = models.CharField(max_length=10, choices=ProviderKind)
    origin = models.CharField("host", max_length=300, blank=True)
    opened_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=40, blank=True)
    detail = models.CharField("provider's words", max_length=300, blank=True)
    probe_at = models.DateTimeField(null=True)
    counted_from = models.DateTimeField(null=True)
    results = models.IntegerField(default=0)
    failures = models.IntegerField(default=0)
    account_ids = ArrayField(models.BigIntegerField(), default=list)
    slow_until = models.DateTimeField(null=True, help_text="Its answers take seconds.")
    is_notice_due = models.BooleanField(default=False)
    noticed_at = models.DateTimeField(null=True)
    is_wake_due = models.BooleanField(default=False, help_text="What waited for it may go.")

    objects = BreakerQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            # The few that a metric, a notice or a wake-up is about.
            models.Index(
                fields=["provider"], condition=Q(opened_at__isnull=False), name="breaker_open"
            ),
        ]

    def __str__(self) -> str:
        place = self.origin or "no host"
        whose = self.credential.app if self.credential else "everybody"
        return f"{self.get_provider_display()} at {place} for {whose}"

    def open(self, *, reason: str, detail: str, probe_at: datetime, now: datetime) -> None:
        """Hold pushes back; it may be open, for another reason."""
        self.opened_at = self.opened_at or now
        self.reason, self.detail, self.probe_at = reason, detail, probe_at
        self.is_wake_due = False
        self.save(update_fields=["opened_at", "reason", "detail", "probe_at", "is_wake_due"])


class LabPush(models.Model):
    """A push that reached (or was refused by) a phone of the lab, byte for byte."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="lab_pushes")
    device_id = models.BigIntegerField()
    message_id = models.CharField(max_length=32)
    attempt = models.PositiveIntegerField()
    title = models.CharField(max_length=255, blank=True)
    body = models.TextField()
    request_line = models.CharField(max_length=300)
    request_body = models.TextField()
    outcome = models.CharField(max_length=20)
    reason = models.CharField(max_length=60, blank=True)
    elapsed_ms = models.PositiveIntegerField()
    is_shown = models.BooleanField(default=True)
    wire = models.JSONField(
        null=True,
        help_text=(
            'Of a stub: {"protocol", "headers": [[name, value]], "sealed": body in base64url where '
            'it was encrypted, "answer": {"status", "headers", "body"} unless it was lost}'
        ),
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["account", "device_id", "-id"], name="lab_push_by_device")
        ]

    def __str__(self) -> str:
        return f"{self.message_id} on {self.device_id}"
