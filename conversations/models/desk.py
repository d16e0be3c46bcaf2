"""What agents work with: widgets, presence, canned replies."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import Account, ApiClient, Skill, User


class NamedWidget(models.Model):
    """A page that agents see beside a conversation; `InApp-Widget` is ours, and no row."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="widgets")
    name = models.CharField(max_length=60)
    url = models.CharField("URL", max_length=2000)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("account", Lower("name"), name="widget_name_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class FramingOrigin(models.Model):
    """A site that may show our agent widget in a frame (F2)."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="framing_origins")
    origin = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "origin"], name="framing_origin_unique"),
        ]

    def __str__(self) -> str:
        return self.origin


class WidgetCode(models.Model):
    """Lets one agent widget in, once and soon; of the code itself only the SHA-256 is kept."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="widget_codes")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="widget_code_of_one",
                condition=Q(user__isnull=True, client__isnull=False)
                | Q(user__isnull=False, client__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"of {self.user or self.client}"


class Presence(models.TextChoices):
    """What an agent says of themselves while the workspace is open."""

    AVAILABLE = "available", "Available"
    AWAY = "away", "Away"


class AgentPresence(models.Model):
    """Whether somebody sits at the workspace of an account; kept by its live view."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=9, choices=Presence, default=Presence.AVAILABLE)
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "user"], name="agent_presence_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_state_display()}"


class CannedReply(models.Model):
    """A text that agents put into their replies; of one skill, or of all."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="canned_replies")
    skill = models.ForeignKey(
        Skill, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    shortcut = models.CharField(max_length=30)
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("account", Lower("shortcut"), name="canned_reply_unique"),
        ]

    def __str__(self) -> str:
        return f"/{self.shortcut}"
