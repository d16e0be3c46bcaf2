"""A phone call that may become a conversation: what was asked, and whether it was taken up."""

from datetime import timedelta
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils import timezone

from accounts.models import Account, Skill
from campaigns.models import Campaign
from handoffs.models import Handoff

# The caller is still on the line, or not much later; an older answer says nothing of now.
GOOD_FOR = timedelta(hours=1)


class DeflectionCall(models.Model):
    """One answer of *eligibility*. The caller's phone number is checked and not kept: In-App needs
    none."""

    call_id = models.UUIDField(unique=True, default=uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="+")
    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="+")
    consumer_ref = models.CharField(max_length=255)
    ivr_number = models.CharField(max_length=32, blank=True)
    reason = models.CharField(
        max_length=40, blank=True, help_text="Why the consumer is not eligible; empty: they are."
    )
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    campaign = models.OneToOneField(
        Campaign, on_delete=models.SET_NULL, null=True, blank=True, related_name="deflection"
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="deflection_invited_if_eligible",
                condition=models.Q(campaign__isnull=True) | models.Q(reason=""),
            )
        ]

    def __str__(self) -> str:
        return str(self.call_id)
