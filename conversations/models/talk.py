"""What was said, and where an answer goes."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Account, Skill
from common.ids import uuid7
from consumers.models import Consumer


class Source(models.TextChoices):
    """Who started it: how campaigns and widgets name the origin of a message."""

    API = "API", "Proactive Messaging"
    IVR = "IVR", "IVR deflection"


class MessageState(models.TextChoices):
    """What an agent sees of an outbound message; pushed down by whoever sent it."""

    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Delivered"
    OPENED = "opened", "Opened"
    CLOSED = "closed", "Not sent"


class ConversationState(models.TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class Conversation(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="conversations")
    public_id = models.UUIDField("conversation id", default=uuid7, unique=True, editable=False)
    consumer = models.ForeignKey(
        Consumer,
        on_delete=models.CASCADE,
        null=True,
        related_name="conversations",
        help_text="Empty where the person's data was erased.",
    )
    skill = models.ForeignKey(Skill, on_delete=models.RESTRICT, related_name="conversations")
    channel = models.CharField(max_length=5, default="inapp")
    state = models.CharField(
        max_length=6, choices=ConversationState, default=ConversationState.OPEN
    )
    explanation = models.TextField(help_text="Why it came to this skill, in one sentence.")
    continues = models.ForeignKey(
        "ReplyRoute",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="A route that was answered before, and takes what is written later too.",
    )
    opened_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.CharField(
        max_length=254, blank=True, db_default="", help_text="Who answers it."
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=254, blank=True)
    closed_because = models.TextField(
        blank=True, db_default="", help_text="Why, where nobody did it but the system."
    )
    waiting_since = models.DateTimeField(
        null=True, blank=True, help_text="Empty where the last word is the agent's."
    )
    first_answered_at = models.DateTimeField(null=True, blank=True)
    last_said_at = models.DateTimeField(null=True, blank=True)
    # Under the consumer's lock, by the clock of a route's `checked_at`: the two have the order in
    # which delivery and the opening held it (I4).
    recorded_at = models.DateTimeField(null=True, editable=False, db_default=Now())
    # Primary keys of the last message that a side has seen; no foreign keys, as they only compare.
    consumer_read_to = models.BigIntegerField(default=0, db_default=0)
    agent_read_to = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["consumer"],
                condition=Q(state=ConversationState.OPEN),
                name="conversation_one_open",
            ),
            models.CheckConstraint(
                name="conversation_closed_at",
                condition=Q(state=ConversationState.OPEN, closed_at__isnull=True)
                | Q(state=ConversationState.CLOSED, closed_at__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["account", "state", "skill", "opened_at"], name="conversation_queue"
            ),
            # Those that nobody tends are looked for again and again; the closed ones are many.
            models.Index(
                fields=["opened_at"],
                condition=Q(state=ConversationState.OPEN),
                name="conversation_open",
            ),
            models.Index(
                fields=["continues"],
                condition=Q(continues__isnull=False),
                name="conversation_continues",
            ),
            # How long people waited for an answer, day by day.
            models.Index(
                fields=["account", "first_answered_at"],
                condition=Q(first_answered_at__isnull=False),
                name="conversation_answered",
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    def note_said(self, message: "Message") -> None:
        """Keep what the message changes: who waits, and what its author has seen."""
        self.last_said_at = message.sent_at
        changed = ["last_said_at", "waiting_since"]
        if message.sender == Sender.CONSUMER:
            self.waiting_since = self.waiting_since or message.sent_at
            self.consumer_read_to = message.pk
            changed.append("consumer_read_to")
        else:
            self.waiting_since = None
            self.first_answered_at = self.first_answered_at or message.sent_at
            self.agent_read_to = message.pk
            changed += ["first_answered_at", "agent_read_to"]
        self.save(update_fields=changed)

    def outbound_route(self) -> "ReplyRoute | None":
        """Of the message that it answers, or goes on with."""
        return self.routes.order_by("pk").first() or self.continues


class ReplyRoute(models.Model):
    """Where an answer to one outbound message goes until its lookback ends.

    Holds copies of what an agent needs to know, so that nothing here depends on campaigns.
    """

    # Two indexes less to write for each message that is sent: see Meta.indexes.
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="reply_routes", db_index=False
    )
    message_id = models.UUIDField(unique=True)
    consumer_ref = models.CharField(max_length=255)
    skill = models.ForeignKey(Skill, on_delete=models.RESTRICT, related_name="+")
    source = models.CharField(max_length=3, choices=Source)
    campaign_id = models.CharField(max_length=9)
    campaign_name = models.CharField(max_length=255)
    engagement_name = models.CharField(max_length=520)
    handoff_id = models.CharField(max_length=16)
    handoff_title = models.CharField(max_length=255)
    app_names = models.JSONField(default=list)
    title = models.TextField(blank=True)
    text = models.TextField()
    state = models.CharField(max_length=9, choices=MessageState, default=MessageState.WAITING)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    takes_all = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether all conversations of the lookback go there, or only the answer.",
    )
    checked_at = models.DateTimeField(
        null=True,
        editable=False,
        db_default=Now(),
        help_text="When the rules last let the message go.",
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    is_counted = models.BooleanField(
        default=False, db_default=False, help_text="Whether the answer is in the daily figures."
    )
    conversation = models.ForeignKey(
        Conversation,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="routes",
        db_index=False,
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="reply_route_replied_with_conversation",
                condition=Q(replied_at__isnull=False) | Q(conversation__isnull=True),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["account", "consumer_ref", "-valid_from", "-id"], name="reply_route_newest"
            ),
            models.Index(
                fields=["conversation"],
                condition=Q(conversation__isnull=False),
                name="reply_route_conversation",
            ),
            # The answers that the daily figures do not have yet.
            models.Index(
                fields=["account"],
                condition=Q(replied_at__isnull=False, is_counted=False),
                name="reply_route_uncounted",
            ),
            # The answers to a campaign, for its reports.
            models.Index(
                fields=["account", "campaign_id"],
                condition=Q(replied_at__isnull=False),
                name="reply_route_answered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} to {self.skill_id}"

    def is_live(self, now: datetime) -> bool:
        return self.state != MessageState.CLOSED and now < self.valid_until


class Sender(models.TextChoices):
    CONSUMER = "consumer", "Consumer"
    AGENT = "agent", "Agent"


class Message(models.Model):
    """One thing that was said in a conversation."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages"
    )
    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    sender = models.CharField(max_length=8, choices=Sender)
    author = models.CharField(max_length=254, blank=True, help_text="Which agent; else empty.")
    text = models.TextField()
    sent_at = models.DateTimeField(default=timezone.now)
    # Absent and empty differ: a unique key that only some have.
    client_id = models.CharField(  # noqa: DJ001
        max_length=64,
        null=True,
        blank=True,
        help_text="The app's own id of the message: sent twice, it is stored once.",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["conversation", "sender", "client_id"], name="message_client_id_of_sender"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["conversation", "id"], name="message_in_order")]

    def __str__(self) -> str:
        return str(self.public_id)
