"""The registry of people and their devices: who logged in where, and what they want."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import connection, transaction

from accounts.audit import record
from accounts.models import Account, App, AuditEvent, User
from common.json_body import is_storable
from consumers.jwt import Claims
from consumers.models import Consumer, Device, LogoutType, token_digest

NAME_LENGTH = 255
# More installations nobody has; each is a push for whatever is sent to all of them.
MOST_DEVICES = 100
SEEN_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What an app tells of itself and of the phone. For Web Push `token` is the endpoint."""

    app: App
    platform: str
    token: str = field(repr=False)
    p256dh: str = field(default="", repr=False)
    auth: str = field(default="", repr=False)
    environment: str = ""
    sdk_version: str = ""
    is_androidx: bool = False
    os_version: str = ""
    model: str = ""
    locale: str = ""
    time_zone: str = ""
    country: str = ""
    city: str = ""

    FACTS: ClassVar = (
        *("p256dh", "auth", "environment", "sdk_version", "is_androidx", "os_version"),
        *("model", "locale", "time_zone", "country", "city"),
    )


def register_device(
    *, account: Account, claims: Claims, registration: Registration, now: datetime
) -> Device:
    """Log the consumer in on this device. Said twice, it is the same device.

    A token that another consumer had leaves that one: the last login wins. Of more devices than
    `MOST_DEVICES` those that were seen longest ago leave the registry.
    """
    with transaction.atomic():
        consumer = _log_in(account, claims, now)
        device = _upsert(consumer, registration, now)
        newest = Device.objects.registered().filter(consumer=consumer)
        excess = newest.order_by("-last_seen_at", "-pk")[MOST_DEVICES:]
        Device.objects.filter(pk__in=excess.values("pk")).update(
            removed_at=now, removed_reason="too_many"
        )
    return device


def refresh(*, device: Device, registration: Registration, now: datetime) -> Device:
    """Bring the device up to date without a login; a new token takes the place of the old one.

    :raises Device.DoesNotExist: since it was read it was taken out of the registry, or another
        consumer has logged in on it.
    """
    with transaction.atomic():
        # Held, so that a login that comes meanwhile is the last one, and a log-out that came stays.
        held = Device.objects.registered().select_for_update()
        found = held.get(pk=device.pk, consumer=device.consumer_id)
        current = _upsert(
            device.consumer,
            registration,
            now,
            logged_out_at=found.logged_out_at,
            logout_type=found.logout_type,
        )
        if current.pk != device.pk:
            device.remove(reason="token_replaced", now=now)
    return current


def log_out(*, device: Device, now: datetime, logout_type: str = LogoutType.ALL) -> None:
    device.log_out(logout_type=logout_type, now=now)


def mark_seen(*, device_id: int, now: datetime) -> None:
    """The app was heard of; written once a day at most, since receipts are many."""
    known = Device.objects.registered().filter(pk=device_id, last_seen_at__lt=now - SEEN_EVERY)
    known.update(last_seen_at=now)


# In the order of ids, so that two workers with the same devices cannot deadlock. A device that
# registers at the same moment is looked at again when its row is free.
_REMOVE_DEAD = """
UPDATE consumers_device d SET removed_at = %(now)s, removed_reason = %(reason)s
FROM (
    SELECT d.id FROM consumers_device d
    JOIN unnest(%(ids)s::bigint[], %(moments)s::timestamptz[]) AS dead(id, since) ON dead.id = d.id
    WHERE d.removed_at IS NULL AND d.registered_at <= dead.since
    ORDER BY d.id FOR NO KEY UPDATE OF d
) gone
WHERE gone.id = d.id
"""


def remove_dead_devices(*, dead_since: Mapping[int, datetime], reason: str, now: datetime) -> int:
    """Take out devices whose tokens the provider called dead (C6); says how many were taken out.

    `dead_since` has the moment that the provider speaks of, by device id: a device that registered
    again after it stays.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _REMOVE_DEAD,
            {
                "ids": list(dead_since),
                "moments": list(dead_since.values()),
                "reason": reason,
                "now": now,
            },
        )
        return int(cursor.rowcount)


def note_environments(*, environments: Mapping[int, str]) -> None:
    """Remember of devices, by their id, which of APNs' environments they are of, as their provider
    found out. What an app told itself stands."""
    for environment in set(environments.values()):
        ids = [pk for pk, found in environments.items() if found == environment]
        Device.objects.filter(pk__in=ids, environment="").update(environment=environment)


def opt_out(*, consumer: Consumer, by: str | User, now: datetime) -> None:
    """No outbound message goes to this consumer any more, whatever the device."""
    _set_opted_out(consumer, now, by, "consumer_opted_out")


def opt_in(*, consumer: Consumer, by: str | User) -> None:
    _set_opted_out(consumer, None, by, "consumer_opted_in")


def erase(*, consumer: Consumer) -> int:
    """Delete the consumer and their devices, and forget the id in the audit log; says how many
    devices there were. To be called inside a transaction, when nothing else names the consumer.
    """
    devices, _ = Device.objects.filter(consumer=consumer).delete()
    AuditEvent.objects.filter(target_type="consumer", target_id=str(consumer.pk)).update(
        target_label=""
    )
    consumer.delete()
    return devices


def find_or_create_consumer(*, account: Account, claims: Claims) -> Consumer:
    consumer, _ = Consumer.objects.get_or_create(
        account=account, ref=claims["sub"], defaults={"name": name_in(claims)}
    )
    return consumer


def name_in(claims: Claims) -> str:
    """`given_name` and `family_name`, else `name`; empty where the token has none of use."""
    parts = [_text(claims, "given_name"), _text(claims, "family_name")]
    return (" ".join(filter(None, parts)) or _text(claims, "name"))[:NAME_LENGTH]


def _text(claims: Claims, claim: str) -> str:
    value = claims.get(claim)
    return value.strip() if isinstance(value, str) and is_storable(value) else ""


def _log_in(account: Account, claims: Claims, now: datetime) -> Consumer:
    name = name_in(claims)
    consumer = Consumer(account=account, ref=claims["sub"], name=name, last_login_at=now)
    Consumer.objects.bulk_create(
        [consumer],
        update_conflicts=True,
        unique_fields=["account", "ref"],
        update_fields=["last_login_at", "name"] if name else ["last_login_at"],
    )
    return consumer


def _upsert(
    consumer: Consumer,
    registration: Registration,
    now: datetime,
    *,
    logged_out_at: datetime | None = None,
    logout_type: str = "",
) -> Device:
    """One statement, so that two logins with one token cannot both keep it."""
    facts = {name: getattr(registration, name) for name in Registration.FACTS}
    state = {
        "account_id": consumer.account_id,
        "consumer": consumer,
        "token": registration.token,
        "registered_at": now,
        "last_seen_at": now,
        "logged_out_at": logged_out_at,
        "logout_type": logout_type,
        **facts,
    }
    device = Device(
        app=registration.app,
        platform=registration.platform,
        token_digest=token_digest(registration.token),
        **state,
    )
    Device.objects.bulk_create(
        [device],
        update_conflicts=True,
        unique_fields=["app", "platform", "token_digest"],
        update_fields=[
            *(name.removesuffix("_id") for name in state),
            *("removed_at", "removed_reason"),
        ],
    )
    return Device.objects.select_related("app", "consumer").get(pk=device.pk)


def _set_opted_out(consumer: Consumer, at: datetime | None, by: str | User, verb: str) -> None:
    before = consumer.opted_out_at
    if (before is None) == (at is None):
        return
    with transaction.atomic():
        consumer.opted_out_at = at
        consumer.save(update_fields=["opted_out_at"])
        changes = {"opted_out_at": [before and before.isoformat(), at and at.isoformat()]}
        # By its key alone: the log outlives the person's data.
        record(
            by=by, account=consumer.account, verb=verb, target=consumer, changes=changes, label=""
        )
