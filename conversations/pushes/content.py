"""An agent's message as a push to one device, with the keys that LivePerson's SDK reads
(``liveperson.md`` 4.4)."""

from consumers.models import Device
from conversations.models import ReplyPush
from push.providers.base import DeviceTarget, PushRequest
from push.providers.content import REPLY


def address(device: Device) -> DeviceTarget:
    """Where a provider finds the device."""
    return DeviceTarget(
        device.platform,
        device.token,
        device.p256dh,
        device.auth,
        device.environment,
        device.app.bundle_id,
    )


def push_request(push: ReplyPush, device: Device, *, sequence: int, badge: int) -> PushRequest:
    """``sequence``: which of the conversation's messages it is, from 1."""
    return PushRequest(
        message_id=push.message.public_id.hex,
        device_id=device.pk,
        target=address(device),
        badge=badge,
        title=device.app.name or push.account.name,
        body=push.message.text,
        expires_at=push.expires_at,
        data=_sdk_keys(push, sequence),
        attempt=push.attempts + 1,
    )


def _sdk_keys(push: ReplyPush, sequence: int) -> dict[str, str]:
    conversation_id = str(push.conversation.public_id)
    return {
        "backendService": REPLY,
        "conversationId": conversation_id,
        # A conversation is one dialog here.
        "dialogId": conversation_id,
        "originatorId": f"{push.account.number}.{push.agent_id}",
        "brandId": str(push.account.number),
        "sequence": str(sequence),
    }
