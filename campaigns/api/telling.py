"""Campaigns as the API tells them: where they stand, what holds them up, their figures."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from campaigns import selectors
from campaigns.held_up import HeldUp, find_held_up
from campaigns.models import Campaign
from campaigns.reasons import campaign_state, explanation
from common.times import json_time
from push.reasons import sentence


def campaigns_json(campaigns: Sequence[Campaign]) -> list[dict[str, Any]]:
    """A page of them, in as many queries as one."""
    counts = selectors.counts_by_campaign(campaigns)
    scheduled = selectors.next_openings(campaigns)
    going_out = [
        campaign
        for campaign in campaigns
        if counts[campaign.pk].waiting and not campaign.cancelled_at
    ]
    held_up = find_held_up([campaign for campaign in going_out if campaign.pk not in scheduled])
    return [
        _campaign_json(
            campaign,
            counts[campaign.pk],
            opens_at=scheduled.get(campaign.pk),
            held_up=held_up.get(campaign.pk, ()),
        )
        for campaign in campaigns
    ]


def _campaign_json(
    campaign: Campaign,
    counts: selectors.CampaignCounts,
    *,
    opens_at: datetime | None,
    held_up: Sequence[HeldUp],
) -> dict[str, Any]:
    """``opens_at`` is when a scheduled campaign goes on: all that waits waits for its time."""
    handoff = campaign.handoff_snapshot
    return {
        "proactiveCampaignId": campaign.public_id,
        "campaignName": campaign.name,
        "leCampaignId": str(campaign.le_campaign_id),
        "leEngagementId": str(campaign.le_engagement_id),
        "requestTraceId": str(campaign.trace_id),
        "source": campaign.source,
        "channel": campaign.channel,
        "skill": campaign.skill_name,
        "handoff": {"id": handoff["id"], "title": handoff["title"]},
        "status": campaign_state(campaign, counts.waiting, is_scheduled=opens_at is not None),
        "nextTryAt": json_time(opens_at),
        "heldUp": [_held_up_json(held) for held in held_up],
        "startAt": json_time(campaign.start_at),
        "schedulingMetrics": {"windows": campaign.windows} if campaign.windows else None,
        "createdAt": json_time(campaign.created_at),
        "cancelledAt": json_time(campaign.cancelled_at),
        "counts": {
            "requested": campaign.requested,
            "rejected": campaign.requested - campaign.accepted,
            **asdict(counts),
        },
    }


def _held_up_json(held: HeldUp) -> dict[str, Any]:
    return {
        "app": held.app_name,
        "platform": held.platform,
        "provider": held.provider,
        "reason": held.reason,
        "explanation": sentence(held.reason),
        "since": json_time(held.since),
        "nextTryAt": json_time(held.next_try_at),
    }


def reason_json(status: str, word: str, count: int) -> dict[str, Any]:
    why = explanation(word)
    return {
        "status": status,
        "reason": word,
        "count": count,
        "explanation": why.sentence,
        "remedy": why.remedy,
    }
