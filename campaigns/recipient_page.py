"""One recipient of a campaign: the timeline, the facts, what was sent and what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.models import Campaign, OutboundMessage
from campaigns.reasons import explanation
from campaigns.recipient_rows import RecipientRow, device_words, recipient_rows
from campaigns.selectors import timeline
from campaigns.story import Step, steps_of
from conversations.models import ReplyRoute
from conversations.selectors import first_answer


@dataclass(frozen=True, slots=True)
class RecipientPage:
    row: RecipientRow
    steps: Sequence[Step]
    answer: str
    lookback_left: timedelta | None

    @property
    def message(self) -> OutboundMessage:
        return self.row.message

    @property
    def route(self) -> ReplyRoute | None:
        return self.row.route

    @property
    def device(self) -> str:
        device = self.row.device
        if device is None:
            return ""
        sdk = f" · SDK {device.sdk_version}" if device.sdk_version else ""
        return device_words(device) + sdk

    @property
    def remedy(self) -> str:
        """What would change what kept it back."""
        return explanation(self.message.reason).remedy if self.message.reason else ""


def recipient_page(campaign: Campaign, message: OutboundMessage, *, now: datetime) -> RecipientPage:
    [row] = recipient_rows([message])
    route = row.route
    answer = first_answer(route) if route else ""
    steps = steps_of(campaign, row, timeline(message, route), answer=answer)
    left = message.expires_at - now
    return RecipientPage(row, steps, answer, left if left > timedelta() else None)
