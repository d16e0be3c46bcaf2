"""A brand's systems, which call by API."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from oauth2_provider.models import AbstractApplication

from accounts.models.brand import Account


class ApiClient(AbstractApplication):  # type: ignore[misc]
    """A brand system that calls us: the OAuth application, bound to one account."""

    # Secrets are rows of ApiSecret; the library's own column stays empty for good.
    client_secret = models.CharField(max_length=1, blank=True, default="", editable=False)
    client_type = models.CharField(
        max_length=32, default=AbstractApplication.CLIENT_CONFIDENTIAL, editable=False
    )
    authorization_grant_type = models.CharField(
        max_length=44, default=AbstractApplication.GRANT_CLIENT_CREDENTIALS, editable=False
    )
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_clients")
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    is_enabled = models.BooleanField(default=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[models.Manager["ApiClient"]] = models.Manager()

    class Meta(AbstractApplication.Meta):  # type: ignore[misc]
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"
        constraints: ClassVar = [
            models.CheckConstraint(name="api_client_no_secret", condition=Q(client_secret="")),
        ]

    def __str__(self) -> str:
        return str(self.name or self.client_id)


class ApiSecret(models.Model):
    """One of a client's secrets. Two are live while one is being rotated.

    The secret is 256 random bits, so a plain SHA-256 is enough (nothing to stretch).
    """

    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="secrets")
    digest = models.CharField(max_length=64)
    prefix = models.CharField(
        max_length=8, help_text="The first characters, to tell secrets apart."
    )
    valid_from = models.DateTimeField(default=timezone.now)
    valid_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "digest"], name="api_secret_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def is_live(self, now: datetime) -> bool:
        return self.valid_from <= now and (self.valid_until is None or now < self.valid_until)
