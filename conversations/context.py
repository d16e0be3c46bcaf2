"""What whoever answers has to know: what the consumer was told, who they are, why it came (E5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Account
from consumers.models import Device
from conversations.models import Conversation, ReplyRoute
from conversations.selectors import recent_outbound


@dataclass(frozen=True, slots=True)
class CampaignInfo:
    """``seconds_left`` of the lookback; 0 when it is over."""

    route: ReplyRoute
    seconds_left: int


@dataclass(frozen=True, slots=True)
class Context:
    """``device`` is the one that was seen last; ``earlier`` counts conversations before this."""

    conversation: Conversation
    campaigns: Sequence[CampaignInfo]
    device: Device | None
    earlier: int


def campaigns_of(*, account: Account, consumer_ref: str, now: datetime) -> list[CampaignInfo]:
    """What the consumer was told lately, newest first (F1)."""
    routes = recent_outbound(account=account, consumer_ref=consumer_ref, now=now)
    return [CampaignInfo(route, _seconds_left(route, now)) for route in routes]


def context_of(conversation: Conversation, *, now: datetime) -> Context:
    consumer = conversation.consumer
    if consumer is None:
        return Context(conversation, (), None, 0)
    earlier = Conversation.objects.filter(consumer=consumer, pk__lt=conversation.pk).count()
    return Context(
        conversation,
        campaigns_of(account=conversation.account, consumer_ref=consumer.ref, now=now),
        consumer.devices.order_by("-last_seen_at", "-pk").first(),
        earlier,
    )


def _seconds_left(route: ReplyRoute, now: datetime) -> int:
    return max(0, int((route.valid_until - now).total_seconds()))
