"""What a hand does to a simulated phone, and what the lab's buttons do."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from uuid import UUID, uuid4

from accounts.models import Account, Platform, Skill
from campaigns.models import OutboundMessage, State
from campaigns.parsing import CampaignCall
from campaigns.receipts import UnknownMessage, record_event
from campaigns.services import create_campaign
from common.errors import Conflict
from consumers.models import Consumer, Device
from consumers.services import Registration, register_device
from conversations.models import Conversation, ConversationState, Sender
from conversations.services import close_conversation, mark_read, receive_message
from handoffs.models import Handoff
from handoffs.placeholders import placeholders
from lab import stubs
from lab.phones import Phone
from lab.selectors import MAX_PHONES, lab_devices, sending_handoff
from push.models import PushCredential

BY = "push lab"
# New enough for every brand's minimum; what a phone of today would tell.
OS_VERSIONS = {Platform.IOS: "19.1", Platform.ANDROID: "16", Platform.HUAWEI: "6", Platform.WEB: ""}
SDK_VERSIONS = {
    Platform.IOS: "6.24",
    Platform.ANDROID: "5.8",
    Platform.HUAWEI: "5.8",
    Platform.WEB: "1.0",
}


def note_shown(*, account: Account, phones: Iterable[Phone], now: datetime) -> None:
    """Tell that messages are delivered which a lock screen shows for the first time: what the
    SDK does on a phone that is on."""
    shown = {one.message_id for phone in phones for one in phone.notifications}
    new = OutboundMessage.objects.filter(
        account=account, public_id__in=shown, delivered_at__isnull=True
    )
    for message_id in new.values_list("public_id", flat=True):
        record_event(account=account, message_id=message_id, kind="delivered", now=now)


def note_read(phones: Iterable[Phone]) -> None:
    """Tell that the dialogs which are open have been seen, as the SDK does."""
    for phone in phones:
        if phone.app_screen is not None:
            _read_dialog(phone.device)


def _read_dialog(device: Device) -> None:
    newest = Conversation.objects.filter(consumer=device.consumer).order_by("-id").first()
    if newest is not None:
        mark_read(conversation=newest, reader=Sender.CONSUMER)


def tap(*, device: Device, message_id: UUID, now: datetime) -> None:
    """Tell that a message is opened; what an agent said is read when the dialog shows it, and a
    push that was no message has nothing to tell."""
    with suppress(UnknownMessage):
        record_event(account=device.account, message_id=message_id, kind="opened", now=now)


def open_app(*, device: Device, now: datetime) -> None:
    """Whoever opens the app sees the messages that wait in it."""
    waiting = OutboundMessage.objects.filter(
        account=device.account,
        consumer_ref=device.consumer.ref,
        state=State.SENT,
        opened_at__isnull=True,
        expires_at__gt=now,
    )
    for message_id in waiting.values_list("public_id", flat=True):
        tap(device=device, message_id=message_id, now=now)


def reply(*, device: Device, text: str, now: datetime) -> None:
    """:raises conversations.services.TextNotAllowed: the text cannot be sent."""
    receive_message(account=device.account, consumer=device.consumer, text=text, now=now)


def end_conversation(*, device: Device, now: datetime) -> None:
    """Close the open conversation, so that the next outbound message is sent (E2)."""
    found = Conversation.objects.filter(
        consumer=device.consumer, state=ConversationState.OPEN
    ).first()
    if found is not None:
        close_conversation(conversation=found, by=BY, now=now)


def add_phone(
    *, credential: PushCredential, consumer_ref: str, label: str, now: datetime
) -> Device:
    """Log the consumer in on a new phone of the lab, which is reached by this credential.

    :raises lab.stubs.StubAway: a browser cannot subscribe.
    """
    platform = Platform(credential.platform)
    device = register_device(
        account=credential.account,
        claims={"sub": consumer_ref},
        registration=Registration(
            app=credential.app,
            platform=platform,
            sdk_version=SDK_VERSIONS[platform],
            is_androidx=True,
            os_version=OS_VERSIONS[platform],
            **stubs.new_address(credential.provider),
        ),
        now=now,
    )
    device.label = label
    device.save(update_fields=["label"])
    return device


class NothingToSend(Conflict):
    """The account has no handoff, no skill or no phone to send with."""

    key = "nothing_to_send"


def send_to_all(*, account: Account, now: datetime) -> int:
    """Send the account's first handoff to everyone with a phone in the lab; says to how many.

    :raises NothingToSend: something is missing, and what.
    """
    handoff = sending_handoff(account)
    if handoff is None:
        raise NothingToSend("There is no active In-App handoff. Create one, then send.")
    devices = lab_devices(account).select_related("consumer")[:MAX_PHONES]
    people = {device.consumer.ref: device.consumer for device in devices}
    if not people:
        raise NothingToSend("There is no phone. Add one, then send.")
    call = CampaignCall(
        name="Push lab",
        skill_name=_skill(account).name,
        handoff_id=handoff.public_id,
        consumers=[_recipient(person, handoff) for person in people.values()],
        warnings=[],
    )
    created = create_campaign(account=account, call=call, client_id=BY, trace_id=uuid4(), now=now)
    return len(created.accepted)


def _skill(account: Account) -> Skill:
    """Rather not the default one, so that it shows that a reply follows the call."""
    skills = list(account.skills.order_by("id"))
    if not skills:
        raise NothingToSend("The account has no skill. Create one, then send.")
    return next((skill for skill in skills if skill.pk != account.default_skill_id), skills[0])


def _recipient(person: Consumer, handoff: Handoff) -> dict[str, dict[str, str]]:
    """Placeholders get the person's name: something that tells the phones apart."""
    numbers = {*placeholders(handoff.text), *placeholders(handoff.notification_title)}
    name = person.name or person.ref
    return {
        "consumerContent": {"inapp": person.ref},
        "variables": {str(number): name for number in numbers},
    }
