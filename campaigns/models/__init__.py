"""Campaigns, the ledger of outbound messages, what happened to each, and the counts."""

from campaigns.models.figures import CampaignTally, DailyFigure, TallyQuerySet
from campaigns.models.messages import (
    FINAL,
    PENDING,
    Campaign,
    EventKind,
    MessageEvent,
    MessageQuerySet,
    OutboundMessage,
    RejectedRecipient,
    State,
)
from campaigns.models.upkeep import Heartbeat, IdempotencyKey, PoisonReport

__all__ = [
    "Campaign",
    "CampaignTally",
    "DailyFigure",
    "EventKind",
    "FINAL",
    "Heartbeat",
    "IdempotencyKey",
    "MessageEvent",
    "MessageQuerySet",
    "OutboundMessage",
    "PENDING",
    "PoisonReport",
    "RejectedRecipient",
    "State",
    "TallyQuerySet",
]
