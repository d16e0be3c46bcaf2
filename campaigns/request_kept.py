"""The call that made a campaign, as far as it is kept (A17)."""

import json
from typing import Any

from campaigns.models import Campaign
from common.times import json_time
from conversations.models import Source

# Stands where the call said something that is not kept, or not shown to everybody.
_NOT_SHOWN = "…"


def request_as_kept(campaign: Campaign) -> str:
    """The body in LivePerson's shape, with one consumer for all of them, and nothing of theirs.

    Empty for what began on the telephone: that call has another shape, of which nothing is kept.
    """
    if campaign.source == Source.IVR:
        return ""
    body: dict[str, Any] = {
        "campaignName": campaign.name,
        "skill": campaign.skill_name,
        "templateId": campaign.handoff_snapshot["id"],
        "consent": True,
    }
    if campaign.windows:
        body["schedulingMetrics"] = {"windows": campaign.windows}
    if campaign.start_at:
        body["startAt"] = json_time(campaign.start_at)
    consumer = {"consumerContent": {"inapp": _NOT_SHOWN}, "variables": _NOT_SHOWN}
    rest = campaign.requested - 1
    body["consumers"] = [consumer, *([f"{_NOT_SHOWN} and {rest:,} more"] if rest > 0 else [])]
    return json.dumps(body, ensure_ascii=False, indent=2)
