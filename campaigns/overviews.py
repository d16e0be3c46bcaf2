"""Campaigns as pages tell them: where each stands, its counts, what holds it up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Account
from campaigns.analytics import Figures
from campaigns.held_up import HeldUp, find_held_up
from campaigns.models import FINAL, Campaign
from campaigns.reasons import campaign_state
from campaigns.selectors import CampaignCounts, counts_by_campaign, counts_from, next_openings
from conversations.selectors import count_answers

# Below it a remaining time would be a guess from too few.
_ENOUGH_TO_TELL = 0.05


@dataclass(frozen=True, slots=True)
class Overview:
    """``opens_at`` is when a scheduled campaign goes on: all that waits waits for its time."""

    campaign: Campaign
    counts: CampaignCounts
    replied: int
    opens_at: datetime | None
    held_up: Sequence[HeldUp]

    @property
    def state(self) -> str:
        """The API's word, but for one that has not begun, and one of which nothing was sent since
        all that the rules let out was refused."""
        word = campaign_state(
            self.campaign, self.counts.waiting, is_scheduled=self.opens_at is not None
        )
        if word == "sending" and not self.finished:
            return "queued"
        return "failed" if word == "completed" and self._has_only_failed else word

    @property
    def is_running(self) -> bool:
        """Whether the figures are about to change by themselves."""
        return self.counts.waiting > 0 and self.opens_at is None

    @property
    def can_be_cancelled(self) -> bool:
        return self.counts.waiting > 0 and self.campaign.cancelled_at is None

    @property
    def finished(self) -> int:
        return self.counts.accepted - self.counts.waiting

    @property
    def rejected(self) -> int:
        """Failed the call's own checks."""
        return self.campaign.requested - self.campaign.accepted

    @property
    def not_reached(self) -> int:
        counts = self.counts
        return self.rejected + counts.suppressed + counts.failed + counts.expired

    @property
    def sent_or_failed(self) -> int:
        return self.counts.sent + self.counts.failed

    @property
    def kept_back(self) -> int:
        """What ended without a provider."""
        return self.finished - self.sent_or_failed

    @property
    def app_names(self) -> list[str]:
        return list(self.campaign.handoff_snapshot["app_names"])

    @property
    def stopped_after(self) -> timedelta | None:
        cancelled_at = self.campaign.cancelled_at
        return cancelled_at - self.campaign.created_at if cancelled_at else None

    def age(self, now: datetime) -> timedelta:
        return now - self.campaign.created_at

    def time_left(self, now: datetime) -> timedelta | None:
        """About how long it goes on at the pace so far; None while that is not known."""
        done = self.finished / self.counts.accepted if self.counts.accepted else 0
        if self.state != "sending" or self.held_up or self.campaign.windows or self._starts_later:
            return None
        return self.age(now) * (1 / done - 1) if done > _ENOUGH_TO_TELL else None

    @property
    def _starts_later(self) -> bool:
        start_at = self.campaign.start_at
        return start_at is not None and start_at > self.campaign.created_at

    @property
    def _has_only_failed(self) -> bool:
        return self.counts.failed > 0 and self.counts.sent == 0


def overviews_of(account: Account, campaigns: Sequence[Campaign]) -> list[Overview]:
    """A page of the account's campaigns, in as many queries as one."""
    counts = counts_by_campaign(campaigns)
    replied = count_answers(account, [campaign.public_id for campaign in campaigns])
    opens_at = next_openings(campaigns)
    held_up = find_held_up(
        [one for one in campaigns if _goes_out(one, counts[one.pk]) and one.pk not in opens_at]
    )
    return [
        Overview(
            campaign,
            counts[campaign.pk],
            replied.get(campaign.public_id, 0),
            opens_at.get(campaign.pk),
            held_up.get(campaign.pk, ()),
        )
        for campaign in campaigns
    ]


def overview_of(campaign: Campaign, figures: Figures) -> Overview:
    """One campaign, of which the figures are known."""
    states = ("accepted", *FINAL, "delivered", "opened")
    counts = counts_from({state: figures.of(state) for state in states})
    opens_at = next_openings([campaign]).get(campaign.pk)
    is_going_out = _goes_out(campaign, counts) and opens_at is None
    held_up = find_held_up([campaign])[campaign.pk] if is_going_out else ()
    return Overview(campaign, counts, figures.of("replied"), opens_at, held_up)


def _goes_out(campaign: Campaign, counts: CampaignCounts) -> bool:
    return counts.waiting > 0 and campaign.cancelled_at is None
