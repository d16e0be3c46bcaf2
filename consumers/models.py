"""People of the brand's apps, the devices they are reached on, the brand's identity provider."""

import hashlib
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account, App, Platform, User
from common.ids import uuid7


class Consumer(models.Model):
    """An end user, known by the brand's own id: ``sub`` of its identity provider's JWT."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="consumers")
    ref = models.CharField("consumer id", max_length=255)
    name = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_login_at = models.DateTimeField(null=True, blank=True)
    opted_out_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "ref"], name="consumer_ref_unique"),
        ]
        indexes: ClassVar = [
            # How an id begins, whatever the collation of the database.
            models.Index(
                fields=["account", "ref"],
                name="consumer_ref_begins",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ]

    def __str__(self) -> str:
        return self.ref


class OwnConsumer(models.Model):
    """Who a user of the web tool is in the brand's apps: whose devices get that user's tests."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    consumer = models.ForeignKey(Consumer, on_delete=models.CASCADE, related_name="+")
    chosen_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "account"], name="own_consumer_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.consumer}"


class LogoutType(models.TextChoices):
    """What a device still gets after its consumer logged out (LivePerson's unregister type)."""

    ALL = "ALL", "No pushes"
    NONE = "NONE", "All pushes"
    AGENT = "AGENT", "Outbound pushes only"


class DeviceQuerySet(models.QuerySet["Device"]):
    def registered(self) -> "DeviceQuerySet":
        return self.filter(removed_at__isnull=True)


def token_digest(token: str) -> str:
    """What a token is looked up by: a token may be any string of any length."""
    return hashlib.sha256(token.encode()).hexdigest()


class Device(models.Model):
    """An installation of an app that can be pushed to. A token has one consumer at a time."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="devices")
    consumer = models.ForeignKey(Consumer, on_delete=models.CASCADE, related_name="devices")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="devices")
    platform = models.CharField(max_length=8, choices=Platform)
    token = models.TextField()
    token_digest = models.CharField(max_length=64, editable=False)
    p256dh = models.CharField(max_length=200, blank=True)
    auth = models.CharField(max_length=100, blank=True)
    environment = models.CharField(
        max_length=10, blank=True, help_text="APNs: production or sandbox."
    )
    sdk_version = models.CharField(max_length=20, blank=True)
    is_androidx = models.BooleanField(default=False)
    os_version = models.CharField(max_length=50, blank=True)
    model = models.CharField(max_length=100, blank=True)
    locale = models.CharField(max_length=35, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    country = models.CharField(max_length=2, blank=True)
    city = models.CharField(max_length=100, blank=True)
    label = models.CharField(max_length=100, blank=True, help_text="What the push lab calls it.")
    registered_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    logged_out_at = models.DateTimeField(null=True, blank=True)
    logout_type = models.CharField(max_length=5, choices=LogoutType, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_reason = models.CharField(max_length=40, blank=True)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["app", "platform", "token_digest"], name="device_token_unique"
            ),
            models.CheckConstraint(
                name="device_logged_out_with_type",
                condition=Q(logged_out_at__isnull=True, logout_type="")
                | (Q(logged_out_at__isnull=False) & ~Q(logout_type="")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["consumer", "-last_seen_at", "-id"],
                condition=Q(removed_at__isnull=True),
                name="device_by_consumer",
            ),
            # Finds what is stale without reading the rest.
            models.Index(
                fields=["last_seen_at"],
                condition=Q(removed_at__isnull=True),
                name="device_unseen",
            ),
        ]

    def __str__(self) -> str:
        return self.label or f"{self.get_platform_display()} device {self.pk}"

    @property
    def is_logged_in(self) -> bool:
        return self.logged_out_at is None

    def remove(self, *, reason: str, now: datetime) -> None:
        """Take the device out of the registry; its row stays for the history."""
        self._update(removed_at=now, removed_reason=reason)

    def log_out(self, *, logout_type: str, now: datetime) -> None:
        self._update(logged_out_at=now, logout_type=logout_type)

    def _update(self, **values: Any) -> None:
        """Change the row, unless another consumer has logged in on the device since it was read."""
        for name, value in values.items():
            setattr(self, name, value)
        Device.objects.filter(pk=self.pk, consumer=self.consumer_id).update(**values)


class IdentityProvider(models.Model):
    """How the brand's JWTs are checked: its own key, or the address of its key set."""

    account = models.OneToOneField(
        Account, on_delete=models.CASCADE, related_name="identity_provider"
    )
    issuer = models.CharField(max_length=255)
    audience = models.CharField(max_length=255, blank=True)
    algorithms = ArrayField(models.CharField(max_length=10), default=list, help_text="RS256, ES256")
    public_key = models.TextField(
        blank=True, help_text="PEM, or LivePerson's base64 without PEM lines."
    )
    jwks_url = models.URLField(blank=True, max_length=500)
    max_lifetime_seconds = models.PositiveIntegerField(
        default=86_400, validators=[MinValueValidator(60), MaxValueValidator(86_400)]
    )
    jwks = models.JSONField(null=True, editable=False)
    jwks_fetched_at = models.DateTimeField(null=True, editable=False)
    jwks_tried_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="identity_provider_one_key_source",
                condition=(Q(public_key="") & ~Q(jwks_url=""))
                | (~Q(public_key="") & Q(jwks_url="")),
            ),
        ]

    def __str__(self) -> str:
        return self.issuer
