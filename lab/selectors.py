"""Reads for the desk: which phones stand on it, whether they changed, and what they show."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, Window
from django.db.models.functions import JSONObject, RowNumber

from accounts.models import Account
from campaigns.models import OutboundMessage
from consumers.models import Device
from conversations.models import Conversation, Message, ReplyRoute
from conversations.selectors import consumers_in_conversation, dialog
from handoffs.models import Channel, Handoff
from lab import brand, phones, stubs
from lab.asked import asked, not_sent
from lab.phones import Phone, Seen, Trouble
from push.models import LabPush, ProviderKind, PushCredential

MAX_PHONES = 24
PUSHES_A_PHONE = 20


def lab_credentials() -> QuerySet[PushCredential]:
    """The ways to the lab's phones; where stubs stand in for the vendors, all that are in use but
    the demo app's: real browsers subscribe to that."""
    enabled = PushCredential.objects.filter(is_enabled=True)
    enabled = enabled.exclude(app__bundle_id=brand.DEMO_APP)
    return enabled if stubs.are_there() else enabled.filter(provider=ProviderKind.LAB)


def lab_devices(account: Account) -> QuerySet[Device]:
    """The devices whose pushes ring in the lab, in the order in which they came."""
    carries = lab_credentials().filter(app=OuterRef("app"), platform=OuterRef("platform"))
    return Device.objects.registered().filter(Exists(carries), account=account).order_by("id")


def lab_accounts(among: QuerySet[Account]) -> QuerySet[Account]:
    """Accounts that have the lab as a provider, those with phones first."""
    has_lab = lab_credentials().filter(account=OuterRef("pk"))
    has_phones = Device.objects.registered().filter(account=OuterRef("pk"))
    return among.filter(Exists(has_lab)).order_by(Exists(has_phones).desc(), "id")


def sending_handoff(account: Account) -> Handoff | None:
    """The handoff that "Send to all" uses: the first active proactive In-App one."""
    handoffs = Handoff.objects.live().proactive().filter(account=account, is_active=True)
    return handoffs.filter(channels=[Channel.INAPP]).order_by("id").first()


def minute(now: datetime) -> str:
    """Clocks on the screens, ages and ends of lookbacks change with it."""
    return f"{now:%H%M}"


def facts_on_desk(account: Account) -> dict[int, str]:
    """For each phone a short text that changes when what is stored about it does: one query."""
    newest_push = LabPush.objects.filter(account=OuterRef("account"), device_id=OuterRef("pk"))
    newest_message = OutboundMessage.objects.filter(
        account=OuterRef("account"), consumer_ref=OuterRef("consumer__ref")
    )
    newest_word = Message.objects.filter(conversation=OuterRef("pk")).order_by("-id")
    newest_conversation = Conversation.objects.filter(consumer=OuterRef("consumer"))
    rows = lab_devices(account).values_list(
        "pk",
        Subquery(newest_push.order_by("-id").values("pk")[:1]),
        Subquery(
            newest_message.order_by("-id").values(
                facts=JSONObject(
                    id="id", state="state", delivered="delivered_at", opened="opened_at"
                )
            )[:1]
        ),
        Subquery(
            newest_conversation.order_by("-id").values(
                facts=JSONObject(
                    id="id",
                    state="state",
                    word=newest_word.values("pk")[:1],
                    read="consumer_read_to",
                )
            )[:1]
        ),
    )
    return {row[0]: _digest(row) for row in rows[:MAX_PHONES]}


def _digest(row: object) -> str:
    return hashlib.sha256(repr(row).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Desk:
    """What is stored about the phones, fetched once for all of them."""

    pushes: Mapping[int, list[LabPush]]
    messages: dict[str, OutboundMessage]
    replied: set[str]
    read: set[str]
    newest: Mapping[str, OutboundMessage]
    talking: set[int]
    facts: Mapping[int, str]


def phones_on_desk(
    account: Account,
    *,
    seen: Mapping[int, Seen],
    open_ids: Collection[int],
    only: Collection[int] | None = None,
    troubles: Mapping[int, Trouble] | None = None,
    now: datetime,
) -> list[Phone]:
    """The phones, or those among them that are asked for; `open_ids` show the app's dialog."""
    current = facts_on_desk(account)
    ids = current.keys() if only is None else current.keys() & set(only)
    devices = list(
        lab_devices(account).filter(pk__in=ids).select_related("app", "consumer", "account")
    )
    desk = _fetch(account, devices, current)
    return [
        _phone(
            device,
            desk,
            seen=seen.get(device.pk),
            is_open=device.pk in open_ids,
            trouble=(troubles or {}).get(device.pk),
            now=now,
        )
        for device in devices
    ]


def _fetch(account: Account, devices: list[Device], current: Mapping[int, str]) -> Desk:
    pushes = _newest_pushes(account, [device.pk for device in devices])
    ids = {UUID(push.message_id) for found in pushes.values() for push in found}
    messages = OutboundMessage.objects.filter(account=account, public_id__in=ids)
    replied = ReplyRoute.objects.filter(message_id__in=ids, replied_at__isnull=False)
    read = Message.objects.filter(public_id__in=ids, pk__lte=F("conversation__consumer_read_to"))
    refs = [device.consumer.ref for device in devices]
    newest = OutboundMessage.objects.filter(account=account, consumer_ref__in=refs)
    return Desk(
        pushes=pushes,
        messages={message.public_id.hex: message for message in messages},
        replied={route.hex for route in replied.values_list("message_id", flat=True)},
        read={message.hex for message in read.values_list("public_id", flat=True)},
        newest={
            message.consumer_ref: message
            for message in newest.order_by("consumer_ref", "-id").distinct("consumer_ref")
        },
        talking=consumers_in_conversation([device.consumer_id for device in devices]),
        facts=current,
    )


def _newest_pushes(account: Account, device_ids: list[int]) -> Mapping[int, list[LabPush]]:
    rows = LabPush.objects.filter(account=account, device_id__in=device_ids).annotate(
        place=Window(RowNumber(), partition_by="device_id", order_by=F("id").desc())
    )
    pushes: dict[int, list[LabPush]] = defaultdict(list)
    for push in rows.filter(place__lte=PUSHES_A_PHONE).order_by("-id"):
        pushes[push.device_id].append(push)
    return pushes


def _phone(
    device: Device,
    desk: Desk,
    *,
    seen: Seen | None,
    is_open: bool,
    trouble: Trouble | None,
    now: datetime,
) -> Phone:
    pushes, facts = desk.pushes.get(device.pk, []), desk.facts.get(device.pk, "")
    shown = phones.notifications(
        pushes,
        desk.messages,
        desk.read,
        device=device,
        newer_than=seen.push_id if seen else None,
        now=now,
    )
    screen = None
    if is_open:
        said = dialog(account=device.account, consumer=device.consumer, now=now)
        screen = phones.app_screen(said, device=device, trouble=trouble, now=now)
    return Phone(
        device=device,
        shape=phones.shape(device),
        name=phones.name(device),
        seen=Seen(device.pk, is_open, pushes[0].pk if pushes else 0, facts, minute(now)),
        clock=phones.clock(now, device),
        date=phones.date(now, device),
        notifications=tuple(shown[: phones.SHOWN]),
        more=max(0, len(shown) - phones.SHOWN),
        app_screen=screen,
        asked=asked(pushes, desk.messages, desk.replied, desk.read, device),
        not_sent=not_sent(desk.newest.get(device.consumer.ref)),
        is_talking=device.consumer_id in desk.talking,
        has_news=seen is None or seen.facts != facts,
    )
