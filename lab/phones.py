"""What a simulated phone shows: plain values for templates."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

import regex

from accounts.models import Platform
from campaigns.models import OutboundMessage
from consumers.models import Device
from conversations.models import Message, ReplyRoute, Sender
from conversations.selectors import Dialog
from lab.asked import Asked
from push.models import LabPush

PREVIEW = 170  # graphemes: four lines of a lock screen
SHOWN = 3
FRESH = timedelta(seconds=5)
# The first Android whose notification shade looks like the new one.
NEW_ANDROID = 12
_SEEN = re.compile(r"([0-9]{1,18})\.(app|lock)\.([0-9]{1,18})\.([0-9a-f]{0,16})\.([0-9]{0,4})")


class Shape(StrEnum):
    IOS = "ios"
    ANDROID = "android"
    OLD = "old"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a browser shows of one phone, as ``<device>.<app|lock>.<newest push>.<facts>.<minute>``.

    `facts` changes when what is stored about the phone does, `minute` with its clock.
    """

    device_id: int
    is_open: bool
    push_id: int
    facts: str
    minute: str

    def __str__(self) -> str:
        screen = "app" if self.is_open else "lock"
        return f"{self.device_id}.{screen}.{self.push_id}.{self.facts}.{self.minute}"

    @classmethod
    def parse(cls, text: str) -> "Seen | None":
        found = _SEEN.fullmatch(text)
        if not found:
            return None
        device, screen, push, facts, minute = found.groups()
        return cls(int(device), screen == "app", int(push), facts, minute)


@dataclass(frozen=True, slots=True)
class Notification:
    push_id: int
    message_id: UUID
    title: str
    preview: str
    age: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One thing in the dialog. ``kind`` is in, mine, time or why."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A reply that was refused: why, and what was typed."""

    message: str
    draft: str


@dataclass(frozen=True, slots=True)
class AppScreen:
    lines: tuple[Line, ...]
    reply_id: str
    trouble: Trouble | None


@dataclass(frozen=True, slots=True)
class Phone:
    device: Device
    shape: Shape
    name: str
    seen: Seen
    clock: str
    date: str
    notifications: tuple[Notification, ...]
    more: int
    app_screen: AppScreen | None
    asked: Asked | None
    not_sent: str
    is_talking: bool
    has_news: bool

    @property
    def newest(self) -> Notification | None:
        """What has just arrived."""
        return next((one for one in self.notifications if one.is_new), None)


def shape(device: Device) -> Shape:
    if device.platform == Platform.IOS:
        return Shape.IOS
    if device.platform == Platform.WEB:
        return Shape.WEB
    version = re.search(r"\d{1,4}", device.os_version)
    is_old = device.platform == Platform.ANDROID and version and int(version[0]) < NEW_ANDROID
    return Shape.OLD if is_old else Shape.ANDROID


def name(device: Device) -> str:
    owner = device.consumer.name or device.consumer.ref
    return device.label or f"{owner}’s {device.model or device.get_platform_display()}"


def preview(text: str) -> str:
    """The text on one line, cut at a grapheme border."""
    flat = " ".join(text.split())
    graphemes = [found[0] for found in islice(regex.finditer(r"\X", flat), PREVIEW + 1)]
    if len(graphemes) <= PREVIEW:
        return flat
    return "".join(graphemes[: PREVIEW - 1]).rstrip() + "…"


def zone(device: Device) -> ZoneInfo:
    return ZoneInfo(device.time_zone or device.account.time_zone)


def clock(at: datetime, device: Device) -> str:
    return f"{at.astimezone(zone(device)):%H:%M}"


def date(at: datetime, device: Device) -> str:
    local = at.astimezone(zone(device))
    return f"{local:%A} {local.day} {local:%B}"


def age(at: datetime, now: datetime, device: Device) -> str:
    minutes = int((now - at).total_seconds() // 60)
    if minutes < 1:
        return "now"
    return f"{minutes} min" if minutes < 60 else moment(at, now, device)


def moment(at: datetime, now: datetime, device: Device) -> str:
    local, today = at.astimezone(zone(device)), now.astimezone(zone(device)).date()
    day = "Today" if local.date() == today else f"{local.day} {local:%b}"
    return f"{day} {local:%H:%M}"


def notifications(
    pushes: Iterable[LabPush],
    messages: dict[str, OutboundMessage],
    read: Collection[str],
    *,
    device: Device,
    newer_than: int | None,
    now: datetime,
) -> list[Notification]:
    """What lies on the lock screen, newest first: shown, its lookback not over, neither opened nor,
    of what an agent said, in ``read``."""
    shown: dict[str, LabPush] = {}
    for push in pushes:
        message = messages.get(push.message_id)
        is_over = push.message_id in read or (message is not None and not _waits(message, now))
        if push.is_shown and not is_over:
            shown.setdefault(push.message_id, push)
    return [
        Notification(
            push_id=push.pk,
            message_id=UUID(push.message_id),
            title=preview(push.title),
            preview=preview(push.body),
            age=age(push.created_at, now, device),
            is_new=_is_new(push, newer_than, now),
        )
        for push in shown.values()
    ]


def _waits(message: OutboundMessage, now: datetime) -> bool:
    return message.opened_at is None and now < message.expires_at


def _is_new(push: LabPush, newer_than: int | None, now: datetime) -> bool:
    if newer_than is None:
        return now - push.created_at < FRESH
    return push.pk > newer_than


def app_screen(
    dialog: Dialog, *, device: Device, trouble: Trouble | None, now: datetime
) -> AppScreen:
    """The app's dialog: what the brand said first, then the conversation and why it is there."""
    conversation = dialog.conversation
    lines = [Line("in", dialog.welcome)] if dialog.welcome else []
    lines += _said_first(dialog.outbound, device, now)
    if conversation is not None:
        opened = moment(conversation.opened_at, now, device)
        lines.append(Line("time", f"{opened} · conversation opened"))
        lines.append(Line("why", conversation.explanation))
        lines += (Line(_KINDS[message.sender], message.text) for message in dialog.messages)
        if conversation.closed_at is not None:
            closed = moment(conversation.closed_at, now, device)
            lines.append(Line("time", f"{closed} · conversation ended"))
    return AppScreen(
        lines=tuple(lines),
        reply_id=f"{device.pk}-{_count_mine(dialog.messages)}",
        trouble=trouble,
    )


_KINDS = {Sender.CONSUMER.value: "mine", Sender.AGENT.value: "in"}


def _said_first(routes: Sequence[ReplyRoute], device: Device, now: datetime) -> Iterator[Line]:
    for route in routes:
        yield Line("time", moment(route.sent_at or route.valid_from, now, device))
        yield Line("in", route.text)


def _count_mine(messages: Sequence[Message]) -> str:
    """A new reply field after each message of the consumer's own, the same one until then."""
    mine = [message.pk for message in messages if message.sender == Sender.CONSUMER]
    return str(mine[-1] if mine else 0)
