"""What the rules need to know to be asked about one device, whether or not it is registered."""

from datetime import datetime, timedelta

from campaigns.eligibility import CampaignFacts, ConsumerFacts, DeviceFacts, MessageFacts
from campaigns.windows import Schedule
from consumers.models import Device
from conversations.selectors import consumers_in_conversation
from push.models import PushCredential

ANY_HANDOFF = {"push_when_logged_in": True, "push_when_logged_out": True, "device_choice": "all"}


def facts_of(device: Device, credential: PushCredential | None, now: datetime) -> MessageFacts:
    """As if a message went to this device now, of a handoff that pushes whether people are logged
    in or out."""
    consumer = device.consumer
    return MessageFacts(
        public_id=device.public_id,
        expires_at=now + timedelta(days=1),
        campaign=_any_campaign(device),
        consumer=ConsumerFacts(
            consumer.pk,
            consumer.ref,
            has_logged_in=consumer.last_login_at is not None,
            has_opted_out=consumer.opted_out_at is not None,
            in_conversation=bool(consumers_in_conversation([consumer.pk])),
        ),
        devices=[_device_facts(device, credential)],
        apps_with_credentials=frozenset({device.app_id} if credential else ()),
        time_zone="",
    )


def _any_campaign(device: Device) -> CampaignFacts:
    return CampaignFacts(
        id=0,
        public_id="",
        account_number=device.account.number,
        account_id=device.account_id,
        name="",
        engagement_name="",
        skill_id=0,
        le_campaign_id=0,
        le_engagement_id=0,
        source="",
        is_cancelled=False,
        handoff=ANY_HANDOFF,
        app_ids=(device.app_id,),
        schedule=Schedule(),
        time_zone="",
    )


def _device_facts(device: Device, credential: PushCredential | None) -> DeviceFacts:
    app = device.app
    return DeviceFacts(
        id=device.pk,
        app_id=app.pk,
        app_name=app.bundle_id,
        app_title=app.name,
        platform=device.platform,
        token=device.token,
        p256dh=device.p256dh,
        auth=device.auth,
        environment=device.environment,
        sdk_version=device.sdk_version,
        time_zone=device.time_zone,
        minimum_sdk=app.minimum_sdk(device.platform, is_androidx=device.is_androidx),
        is_logged_in=device.is_logged_in,
        logout_type=device.logout_type,
        credential_id=credential.pk if credential else None,
        switched_off_at=None,
    )
