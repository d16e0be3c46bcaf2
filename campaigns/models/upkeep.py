"""What delivery and acceptance remember besides: keys, heartbeats, errors."""

from datetime import datetime
from typing import ClassVar

from django.db import models

from accounts.models import Account
from campaigns.models.messages import Campaign, OutboundMessage


class IdempotencyKey(models.Model):
    """The answer to a call that had an ``Idempotency-Key``, to be given again (A8).

    Stored in the transaction of its campaign, so a row that can be seen has its answer.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    client_id = models.CharField(max_length=100)
    operation = models.CharField(max_length=80, help_text="Method and path below the account.")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the body's canonical JSON.")
    status = models.PositiveSmallIntegerField(default=200)
    body = models.BinaryField(default=bytes)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "client_id", "operation", "key"], name="idempotency_key_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"


class Heartbeat(models.Model):
    """When a kind of process last showed that it works."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%H:%M:%S}"

    @classmethod
    def beat(cls, name: str, now: datetime) -> None:
        cls.objects.update_or_create(name=name, defaults={"at": now})

    @classmethod
    def is_fresh(cls, name: str, *, since: datetime) -> bool:
        return cls.objects.filter(name=name, at__gte=since).exists()


class PoisonReport(models.Model):
    """An unexpected error in the engine, by the hash of its stack; how often and for whom."""

    stack_hash = models.CharField(max_length=16)
    message = models.ForeignKey(OutboundMessage, on_delete=models.CASCADE, db_constraint=False)
    count = models.PositiveIntegerField(default=1)
    summary = models.CharField(max_length=300)
    last_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "stack_hash"], name="poison_once"),
        ]

    def __str__(self) -> str:
        return f"{self.stack_hash} × {self.count}"
