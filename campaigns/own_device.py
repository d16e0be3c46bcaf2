"""A handoff sent as a test to one's own device: marked, of no campaign and in no figure (G6)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.audit import record
from accounts.limits import LimitReached
from accounts.models import Account, User
from campaigns.likeness import make_likeness
from campaigns.push_test import Verdict, send_test_push
from common.errors import DomainError
from common.limits import Policy, limiter
from consumers.models import Consumer, Device, OwnConsumer
from handoffs.models import Handoff
from handoffs.services import HandoffArchived

MARK = "Test: "
# Of one user, in all accounts: enough to try a message out, too little to bother anybody with.
TESTS = Policy("device-tests", 20, 3600)


class NobodyThere(DomainError):
    """The account has no consumer of that id."""


class NotYourDevice(DomainError):
    """The device is not one of the user's own in the handoff's apps."""


def find_own_consumer(*, account: Account, user: User) -> Consumer | None:
    """Who the user said to be in the account's apps."""
    own = OwnConsumer.objects.filter(account=account, user=user).select_related("consumer").first()
    return own.consumer if own else None


@transaction.atomic
def choose_own_consumer(*, account: Account, user: User, ref: str, now: datetime) -> Consumer:
    """Remember who the user is in the account's apps; the audit log says who said so.

    :raises NobodyThere: nobody of that id has signed in to an app of the account.
    """
    consumer = Consumer.objects.filter(account=account, ref=ref).first()
    if consumer is None:
        raise NobodyThere("Nobody with this id has signed in to an app of this account.")
    before = find_own_consumer(account=account, user=user)
    own, _ = OwnConsumer.objects.update_or_create(
        account=account, user=user, defaults={"consumer": consumer, "chosen_at": now}
    )
    if consumer != before:
        changes = {"consumer": [before.ref if before else None, consumer.ref]}
        record(by=user, account=account, verb="own_consumer_chosen", target=own, changes=changes)
    return consumer


def find_own_devices(*, handoff: Handoff, user: User) -> list[Device]:
    """The user's registered devices of the handoff's apps, the one used last first."""
    consumer = find_own_consumer(account=handoff.account, user=user)
    if consumer is None:
        return []
    devices = Device.objects.registered().filter(
        account=handoff.account, consumer=consumer, app__bundle_id__in=handoff.app_names
    )
    related = devices.select_related("account", "app", "consumer")
    return list(related.order_by("-last_seen_at", "-pk"))


def send_to_own_device(
    *, handoff: Handoff, device_id: UUID, samples: Mapping[str, str], by: User, now: datetime
) -> Verdict:
    """Push the handoff's words to one of the user's own devices, and wait for the answer.

    No transaction may be open.

    :raises NotYourDevice: it is none of `find_own_devices`.
    :raises HandoffArchived: no test of it is sent any more.
    :raises LimitReached: the user's TESTS are used up.
    :raises DeviceNotPushable, NoCredential: as `send_test_push`.
    """
    if handoff.archived_at is not None:
        raise HandoffArchived("This handoff has been archived, so no test of it is sent.")
    own = find_own_devices(handoff=handoff, user=by)
    device = next((one for one in own if one.public_id == device_id), None)
    if device is None:
        raise NotYourDevice("Choose one of your devices.")
    _take_test(by)
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


def _take_test(user: User) -> None:
    standing = limiter().take_request(TESTS, str(user.pk))
    if not standing.is_allowed:
        minutes = -(-standing.wait // 60)
        raise LimitReached(
            f"{TESTS.quota} tests an hour are enough. The next one may go in {minutes} min.",
            standing,
        )
