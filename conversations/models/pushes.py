"""What agents said, on its way to the phones."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import Account
from conversations.models.talk import Conversation, Message


class PushState(models.TextChoices):
    QUEUED = "queued", "Waiting"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    SKIPPED = "skipped", "Not needed, or nowhere to go"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Given up: too late"


class ReplyPush(models.Model):
    """An agent's message on its way to the phones of who it was said to (E6).

    ``fence`` rises with each claim and guards every later write; ``attempts`` counts the tries.
    ``due_at`` is the next try while queued and the end of the lease while sending. ``tries`` holds
    what earlier tries told of each device.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="push")
    agent_id = models.CharField(
        max_length=20, help_text="The agent, as apps are told: a number, 0 for a bot."
    )
    state = models.CharField(max_length=7, choices=PushState, default=PushState.QUEUED)
    reason = models.CharField(max_length=40, blank=True, default="")
    fence = models.IntegerField(default=0)
    attempts = models.IntegerField(default=0)
    tries = models.JSONField(
        default=dict, help_text='{"device": {"unknown": n, "unavailable": n, "over": 0 or 1}}'
    )
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "reply pushes"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="reply_push_state", condition=Q(state__in=PushState.values)
            ),
        ]
        indexes: ClassVar = [
            # The queue: only rows that are not final are in it.
            models.Index(
                fields=["account", "due_at"],
                condition=Q(state__in=[PushState.QUEUED, PushState.SENDING]),
                name="reply_push_due",
            ),
            models.Index(
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False),
                name="reply_push_age",
            ),
        ]

    def __str__(self) -> str:
        return f"Push of message {self.message_id}"

    @property
    def conversation(self) -> Conversation:
        return self.message.conversation
