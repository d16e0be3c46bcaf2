"""Who changed what."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class AuditEvent(models.Model):
    """What a person changed. No foreign keys, so that history never holds up live data."""

    at = models.DateTimeField(default=timezone.now)
    account_number = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=254, help_text="E-mail address, or the command that ran.")
    verb = models.CharField(max_length=60, help_text="What happened: handoff_archived.")
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=64)
    target_label = models.CharField(max_length=255, blank=True)
    changes = models.JSONField(default=dict, help_text='{"field": ["before", "after"]}')

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["account_number", "-at", "-id"], name="audit_by_account"),
            # What became of one thing, as a handoff's versions, among all that a brand does.
            models.Index(fields=["target_type", "target_id", "-at", "-id"], name="audit_by_target"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.verb}"
