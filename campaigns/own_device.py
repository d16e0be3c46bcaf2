"""A handoff sent as a test to one's own device: marked, of no campaign and in no figure (G6)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from accounts.models import User
from campaigns.likeness import make_likeness
from campaigns.own_consumer import devices_of, find_own_consumer, take_test
from campaigns.push_test import Verdict, send_test_push
from common.errors import DomainError
from consumers.models import Device
from handoffs.models import Handoff
from handoffs.services import HandoffArchived

MARK = "Test: "


class NotYourDevice(DomainError):
    """The device is not one of the user's own in the handoff's apps."""


def find_own_devices(*, handoff: Handoff, user: User) -> list[Device]:
    """The user's own registered devices of the handoff's apps, the one used last first."""
    consumer = find_own_consumer(account=handoff.account, user=user)
    return devices_of(handoff, consumer) if consumer else []


def send_to_own_device(
    *, handoff: Handoff, device_id: UUID, samples: Mapping[str, str], by: User, now: datetime
) -> Verdict:
    """Push the handoff's words to one of the user's own devices, and wait for the answer.

    No transaction may be open.

    :raises NotYourDevice: it is none of `find_own_devices`.
    :raises HandoffArchived: no test of it is sent any more.
    :raises LimitReached: the user's tests are used up.
    :raises DeviceNotPushable, NoCredential: as `send_test_push`.
    """
    if handoff.archived_at is not None:
        raise HandoffArchived("This handoff has been archived, so no test of it is sent.")
    own = find_own_devices(handoff=handoff, user=by)
    device = next((one for one in own if one.public_id == device_id), None)
    if device is None:
        raise NotYourDevice("Choose one of your devices.")
    take_test(by)
    shown = make_likeness(handoff=handoff, samples=samples, now=now)
    title = f"{MARK}{shown.title if handoff.notification_title else device.app.name}"
    return send_test_push(
        device=device,
        by=by,
        now=now,
        title=title,
        text=shown.text,
        handoff_id=handoff.public_id,
    )
