"""Telling brands what happens, and what they and operators do with their webhooks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from accounts.api_clients import SecretRotatedMeanwhile
from accounts.audit import changes_between, record
from accounts.models import Account, User
from common.errors import Conflict, DomainError
from common.guard import AddressRefused
from common.ids import uuid7
from common.signatures import new_secret
from webhooks import outbox
from webhooks.calls import check_url
from webhooks.events import TEST, EventType, NewEvent, body_of
from webhooks.health import disable
from webhooks.models import (
    PENDING,
    UNDELIVERED,
    DeliveryState,
    DisabledReason,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from webhooks.outbox import Subscriptions, subscriptions
from webhooks.tasks import wake

__all__ = ["Subscriptions", "publish", "subscriptions"]

MOST_WEBHOOKS = 10
# Due at once, by the database's clock.
_AFRESH: Mapping[str, Any] = {
    "state": DeliveryState.QUEUED,
    "attempts": 0,
    "due_at": Now(),
    "finished_at": None,
}
OVERLAP = timedelta(days=1)


class UrlNotAllowed(DomainError):
    """Calls may not go to this URL."""

    key: ClassVar[str] = "url_not_allowed"


class TooManyWebhooks(Conflict):
    """The account has as many webhooks as one may have."""

    key: ClassVar[str] = "too_many_webhooks"


class WebhookMadeBefore(Conflict):
    """There is a webhook with this id."""

    key: ClassVar[str] = "webhook_made_before"


class WebhookDisabled(Conflict):
    """The webhook is switched off, so nothing is sent to it."""

    key: ClassVar[str] = "webhook_disabled"


class DeliveryUnderWay(Conflict):
    """The delivery has not ended, so there is nothing to repeat yet."""

    key: ClassVar[str] = "delivery_under_way"


def publish(*, events: Sequence[NewEvent], known: Subscriptions | None = None) -> int:
    """Put events into the outbox, in the caller's transaction; returns the deliveries.

    Where no enabled webhook wants any of them this is one query, or none with ``known``. Workers
    are woken after the commit.
    """
    if not events:
        return 0
    known = known or subscriptions(event.account_id for event in events)
    wanted = [event for event in events if known.wants(event.account_id, event.type)]
    if not wanted:
        return 0
    stored = outbox.store(wanted, numbers=known.numbers)
    if stored:
        transaction.on_commit(wake)
    return stored


@transaction.atomic
def create_endpoint(
    *,
    account: Account,
    url: str,
    event_types: Sequence[EventType],
    description: str = "",
    public_id: UUID | None = None,
    by: User | str,
    now: datetime,
) -> tuple[WebhookEndpoint, str]:
    """Make a webhook and its first secret, which is told here and never again.

    :raises UrlNotAllowed: calls may not go there.
    :raises TooManyWebhooks: the account has ten.
    :raises WebhookMadeBefore: there is one with this id; a form was sent twice.
    """
    _check_url(url)
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if public_id and WebhookEndpoint.objects.filter(public_id=public_id).exists():
        raise WebhookMadeBefore("This webhook was made already.")
    if account.webhooks.present().count() >= MOST_WEBHOOKS:
        raise TooManyWebhooks(f"An account has {MOST_WEBHOOKS} webhooks at most; delete one first.")
    endpoint = WebhookEndpoint(
        account=account,
        url=url,
        description=description,
        event_types=sorted(set(event_types)),
        created_at=now,
        public_id=public_id or uuid7(),
    )
    secret = new_secret()
    endpoint.seal([{"secret": secret, "until": None}])
    endpoint.save(force_insert=True)
    _audit(endpoint, "webhook_created", by, changes_between({}, _public(endpoint)))
    return endpoint, secret


@transaction.atomic
def change_endpoint(
    *, endpoint: WebhookEndpoint, changes: dict[str, Any], by: User | str
) -> WebhookEndpoint:
    """Change ``url``, ``description`` or ``event_types``; what waits goes to the new URL.

    :raises UrlNotAllowed: calls may not go there.
    """
    if "url" in changes:
        _check_url(changes["url"])
    locked = _lock(endpoint)
    before = _public(locked)
    for name, value in changes.items():
        setattr(locked, name, sorted(set(value)) if name == "event_types" else value)
    locked.save(update_fields=[*changes])
    _audit(locked, "webhook_changed", by, changes_between(before, _public(locked)))
    return locked


@transaction.atomic
def rotate_secret(
    *,
    endpoint: WebhookEndpoint,
    by: User | str,
    now: datetime,
    overlap: timedelta = OVERLAP,
    newest: str | None = None,
) -> tuple[str, datetime]:
    """Give it a new secret. The present one signs too for ``overlap`` more; an older one ends.

    Returns the secret, and when the one before ends. ``newest`` is the fingerprint that the caller
    saw: a form that is sent twice would otherwise end the secret that it showed.

    :raises SecretRotatedMeanwhile: another secret is the present one by now.
    """
    locked = _lock(endpoint)
    if newest is not None and newest != locked.fingerprint:
        raise SecretRotatedMeanwhile(
            "This secret was rotated meanwhile. If nobody kept the new one, rotate it again."
        )
    secret, until = new_secret(), now + overlap
    previous = {**locked.secrets[0], "until": until.isoformat()}
    locked.seal([{"secret": secret, "until": None}, previous])
    locked.save(update_fields=["sealed"])
    _audit(locked, "webhook_secret_rotated", by, {"overlap": (None, overlap)})
    return secret, until


@transaction.atomic
def enable_endpoint(*, endpoint: WebhookEndpoint, by: User | str) -> WebhookEndpoint:
    """Switch it on, with a clean record; what was given up meanwhile waits for a replay."""
    locked = _lock(endpoint)
    if not locked.is_enabled:
        reason = locked.disabled_reason
        locked.is_enabled, locked.disabled_reason, locked.disabled_at = True, "", None
        locked.failing_since, locked.is_notice_due = None, False
        locked.save(
            update_fields=[
                "is_enabled",
                "disabled_reason",
                "disabled_at",
                "failing_since",
                "is_notice_due",
            ]
        )
        changes = {"is_enabled": (False, True), "disabled_reason": (reason, "")}
        _audit(locked, "webhook_enabled", by, changes)
    return locked


@transaction.atomic
def disable_endpoint(
    *, endpoint: WebhookEndpoint, by: User | str, now: datetime
) -> WebhookEndpoint:
    """Switch it off: events are not kept for it, and what waits is given up."""
    locked = _lock(endpoint)
    if locked.is_enabled:
        disable(endpoint=locked, reason=DisabledReason.BY_HAND, by=by, now=now)
    return locked


@transaction.atomic
def delete_endpoint(*, endpoint: WebhookEndpoint, by: User | str, now: datetime) -> None:
    """It is gone at once; the log of its deliveries is deleted later, in batches."""
    locked = disable_endpoint(endpoint=endpoint, by=by, now=now)
    locked.deleted_at = now
    locked.is_notice_due = False
    locked.save(update_fields=["deleted_at", "is_notice_due"])
    _audit(locked, "webhook_deleted", by, {})


@transaction.atomic
def send_test_event(*, endpoint: WebhookEndpoint, by: User | str, now: datetime) -> WebhookDelivery:
    """Put one ``webhook.test`` event on its way to this webhook alone.

    :raises WebhookDisabled: it is switched off.
    """
    _refuse_disabled(_lock(endpoint))
    account = endpoint.account
    told = NewEvent(account.pk, TEST, now, {"webhookId": str(endpoint.public_id)})
    event = WebhookEvent.objects.create(
        account=account,
        type=TEST,
        body=body_of(told, account_number=account.number),
        created_at=now,
    )
    delivery = WebhookDelivery.objects.create(
        account=account, endpoint=endpoint, event=event, due_at=Now(), created_at=now
    )
    _audit(endpoint, "webhook_tested", by, {})
    transaction.on_commit(wake)
    return delivery


@transaction.atomic
def replay(*, delivery: WebhookDelivery, by: User | str) -> WebhookDelivery:
    """Send a delivery that ended once more: the same id and body, a schedule from its beginning.

    :raises WebhookDisabled: its webhook is switched off.
    :raises DeliveryUnderWay: it has not ended.
    """
    _refuse_disabled(_lock(delivery.endpoint))
    rows = WebhookDelivery.objects.filter(pk=delivery.pk)
    if not rows.exclude(state__in=PENDING).update(**_AFRESH):
        raise DeliveryUnderWay("This delivery has not ended; it is tried by itself.")
    delivery.refresh_from_db()
    _audit(delivery.endpoint, "webhook_delivery_replayed", by, {"event": (None, delivery.event)})
    transaction.on_commit(wake)
    return delivery


@transaction.atomic
def replay_since(*, endpoint: WebhookEndpoint, since: datetime, by: User | str) -> int:
    """Send again all that was given up of what happened since then; returns how many.

    :raises WebhookDisabled: it is switched off.
    """
    _refuse_disabled(_lock(endpoint))
    given_up = endpoint.deliveries.filter(state__in=UNDELIVERED, created_at__gte=since)
    replayed = given_up.update(**_AFRESH)
    if replayed:
        changes = {"since": (None, since), "deliveries": (None, replayed)}
        _audit(endpoint, "webhook_replayed", by, changes)
        transaction.on_commit(wake)
    return replayed


def _lock(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    rows = WebhookEndpoint.objects.select_related("account")
    return rows.select_for_update(of=("self",), no_key=True).get(pk=endpoint.pk)


def _refuse_disabled(endpoint: WebhookEndpoint) -> None:
    if not endpoint.is_enabled:
        raise WebhookDisabled("The webhook is switched off; switch it on first.")


def _check_url(url: str) -> None:
    try:
        check_url(url)
    except AddressRefused as refusal:
        raise UrlNotAllowed(str(refusal), pointer="/url") from None


def _public(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """What the audit log may hold: a path or query may carry a secret of the receiver's."""
    return {
        "host": urlsplit(endpoint.url).netloc,
        "description": endpoint.description,
        "event_types": list(endpoint.event_types),
    }


def _audit(endpoint: WebhookEndpoint, verb: str, by: User | str, changes: Any) -> None:
    record(by=by, account=endpoint.account, verb=verb, target=endpoint, changes=changes)
