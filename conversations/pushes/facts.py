"""What the rules need to know about a batch of claimed pushes, fetched in a handful of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Count, OuterRef, Subquery

from consumers.models import Device
from conversations.eligibility import PushFacts
from conversations.live import watching_of
from conversations.models import Message, ReplyPush
from conversations.selectors import reply_devices
from conversations.unread import unread_counts
from push.models import PushCredential


def fetch(push_ids: Collection[int], *, now: datetime) -> list[PushFacts]:
    """In the order in which the messages were said."""
    pushes = _load(push_ids)
    consumer_ids = {p.conversation.consumer_id for p in pushes} - {None}
    consumers = [pk for pk in consumer_ids if pk is not None]
    devices = _devices(consumers)
    credentials = _credentials(device for owned in devices.values() for device in owned)
    badges = unread_counts(consumers, now=now)
    watched = watching_of(consumers)
    return [
        PushFacts(
            push=push,
            sequence=push.sequence,  # type: ignore[attr-defined] # annotated
            devices=devices[consumer_id] if consumer_id else [],
            credentials=credentials,
            is_watched=consumer_id in watched,
            badge=badges.get(consumer_id, 0) if consumer_id else 0,
        )
        for push in pushes
        for consumer_id in [push.conversation.consumer_id]
    ]


def _load(push_ids: Collection[int]) -> list[ReplyPush]:
    said = Message.objects.filter(
        conversation=OuterRef("message__conversation"), pk__lte=OuterRef("message")
    )
    numbers = said.order_by().values("conversation").annotate(n=Count("pk")).values("n")
    pushes = ReplyPush.objects.filter(pk__in=push_ids).annotate(sequence=Subquery(numbers))
    return list(pushes.select_related("account", "message__conversation").order_by("message_id"))


def _devices(consumer_ids: Collection[int]) -> dict[int, list[Device]]:
    devices: dict[int, list[Device]] = defaultdict(list)
    for device in (
        reply_devices(consumer_ids).select_related("app").order_by("-last_seen_at", "-pk")
    ):
        devices[device.consumer_id].append(device)
    return devices


def _credentials(devices: Iterable[Device]) -> dict[int, int]:
    """The credential (primary key) by which each device is reached, where there is one."""
    wanted = list(devices)
    rows = PushCredential.objects.filter(app__in={d.app_id for d in wanted}, is_enabled=True)
    found = {(app, platform): pk for app, platform, pk in rows.values_list("app", "platform", "pk")}
    keys = {device.pk: (device.app_id, device.platform) for device in wanted}
    return {pk: found[key] for pk, key in keys.items() if key in found}
