"""A message as a push to one device: where to, with which keys, in words that no provider owns."""

from datetime import datetime, timedelta
from uuid import UUID

from campaigns.eligibility import DeviceFacts, MessageFacts
from campaigns.ledger import Claimed
from conversations.models import Source
from push.providers.base import DeviceTarget, PushRequest

BACKEND_SERVICES = {Source.API: "prmsg", Source.IVR: "c2m"}


def address(device: DeviceFacts) -> DeviceTarget:
    """Where a provider finds the device."""
    return DeviceTarget(
        device.platform,
        device.token,
        device.p256dh,
        device.auth,
        device.environment,
        device.app_name,
    )


def sdk_data(row: Claimed, facts: MessageFacts, now: datetime) -> dict[str, str]:
    """What tells the app's SDK of a message."""
    campaign = facts.campaign
    return sdk_keys(
        message_id=row.public_id,
        account_number=campaign.account_number,
        source=Source(campaign.source),
        left=row.expires_at - now,
        expires_at=row.expires_at,
        le_ids=(campaign.le_campaign_id, campaign.le_engagement_id),
        consumer_ref=row.consumer_ref,
    )


def sdk_keys(
    *,
    message_id: UUID,
    account_number: int,
    source: Source,
    left: timedelta,
    expires_at: datetime,
    le_ids: tuple[int, int],
    consumer_ref: str,
) -> dict[str, str]:
    """The keys that LivePerson's SDK reads (``liveperson.md`` 4.4)."""
    return {
        "id": message_id.hex,
        "brandId": str(account_number),
        "backendService": BACKEND_SERVICES[source],
        "lookBackPeriod": str(max(0, int(left.total_seconds() * 1000))),
        "transactionId": str(message_id),
        "expirationEpochTime": str(int(expires_at.timestamp())),
        "leCampaignId": str(le_ids[0]),
        "leEngagementId": str(le_ids[1]),
        "externalConsumerId": consumer_ref,
    }


def push_request(
    row: Claimed, device: DeviceFacts, data: dict[str, str], *, unopened: int
) -> PushRequest:
    """One push of the message to one device; it adds to those that wait unopened."""
    return PushRequest(
        message_id=row.public_id.hex,
        device_id=device.id,
        target=address(device),
        badge=unopened + 1,
        title=row.title or device.app_title,
        body=row.text,
        expires_at=row.expires_at,
        data=data,
        attempt=row.attempts + 1,
    )
