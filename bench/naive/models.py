"""A campaign and its recipients, as a first version would store them."""

import uuid
from typing import ClassVar

from django.db import models

from accounts.models import Account
from consumers.models import Consumer


class Campaign(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    skill = models.CharField(max_length=255)
    handoff_id = models.CharField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Recipient(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="recipients")
    consumer_ref = models.CharField(max_length=255)
    # Whom it goes to, as the product finds each recipient's newest device when it accepts.
    consumer = models.ForeignKey(Consumer, on_delete=models.CASCADE, null=True, related_name="+")
    text = models.TextField()
    status = models.CharField(max_length=10, default="queued", db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "consumer_ref"], name="naive_once"),
        ]

    def __str__(self) -> str:
        return self.consumer_ref
