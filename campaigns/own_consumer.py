"""Who a user of the web tool is in the brand's apps: said by them, and proven by their own device.

A code goes to the device of whom they say to be; who reads it there is that person. So nobody's
customers get the tests of others.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime

from django.core import signing
from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts.audit import record
from accounts.limits import LimitReached
from accounts.models import Account, User
from accounts.throttle import FailureLimit
from campaigns.push_test import send_test_push
from common.errors import Conflict, DomainError
from common.ids import digits
from common.limits import Policy, limiter
from consumers.models import Consumer, Device, OwnConsumer
from handoffs.models import Handoff

# Of one user, in all accounts: enough to try a message out, too little to bother anybody with.
TESTS = Policy("device-tests", 20, 3600)
CODE_SECONDS = 600
WRONG_CODES = FailureLimit("own-consumer", failures=5, window=CODE_SECONDS)
_SALT = "own-consumer"


class NobodyThere(DomainError):
    """Nobody of that id can be reached by the handoff's apps."""


class CodeNotSent(Conflict):
    """The provider did not take the push with the code."""


class WrongCode(DomainError):
    """It is not the code that was sent, or it is too old."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A code is on its way to the device; ``proof`` goes with it when it is given back."""

    device: Device
    proof: str


def find_own_consumer(*, account: Account, user: User) -> Consumer | None:
    """Who the user has proven to be in the account's apps."""
    own = OwnConsumer.objects.filter(account=account, user=user).select_related("consumer").first()
    return own.consumer if own else None


def devices_of(handoff: Handoff, consumer: Consumer) -> list[Device]:
    """The consumer's registered devices of the handoff's apps, the one used last first."""
    devices = Device.objects.registered().filter(
        account=handoff.account, consumer=consumer, app__bundle_id__in=handoff.app_names
    )
    related = devices.select_related("account", "app", "consumer")
    return list(related.order_by("-last_seen_at", "-pk"))


def ask_for_code(*, handoff: Handoff, ref: str, by: User, now: datetime) -> Asked:
    """Push a code to the device that the consumer used last. No transaction may be open.

    :raises NobodyThere: there is none in the handoff's apps.
    :raises LimitReached: the user's TESTS are used up.
    :raises CodeNotSent: the provider did not take it.
    :raises DeviceNotPushable, NoCredential: as `send_test_push`.
    """
    consumer = Consumer.objects.filter(account=handoff.account, ref=ref).first()
    devices = devices_of(handoff, consumer) if consumer else []
    if consumer is None or not devices:
        raise NobodyThere("Nobody with this id has a device in the apps of this handoff.")
    take_test(by)
    code = digits(6)
    verdict = send_test_push(
        device=devices[0],
        by=by,
        now=now,
        title=f"{code} is your code",
        text=f"Type {code} into the web tool to get tests on this device. "
        "If you did not ask for it, do nothing.",
    )
    if not verdict.is_accepted:
        raise CodeNotSent(f"{verdict.sentence} {verdict.remedy}")
    proof = {"user": by.pk, "consumer": consumer.pk, "code": _digest(by, consumer.pk, code)}
    return Asked(devices[0], signing.dumps(proof, salt=_SALT))


@transaction.atomic
def confirm_own_consumer(
    *, account: Account, proof: str, code: str, by: User, now: datetime
) -> Consumer:
    """Remember who the user is; the audit log has it too.

    :raises WrongCode: it is another one, or older than CODE_SECONDS; or there were too many tries.
    """
    if WRONG_CODES.seconds_to_wait(str(by.pk)):
        raise WrongCode("Too many wrong codes. Ask for another in ten minutes.")
    consumer = _proven(account, proof, code, by)
    if consumer is None:
        WRONG_CODES.count(str(by.pk))
        raise WrongCode("This is not the code, or it is older than ten minutes. Ask for another.")
    before = find_own_consumer(account=account, user=by)
    own, _ = OwnConsumer.objects.update_or_create(
        account=account, user=by, defaults={"consumer": consumer, "chosen_at": now}
    )
    if consumer != before:
        changes = {"consumer": [before.ref if before else None, consumer.ref]}
        record(by=by, account=account, verb="own_consumer_chosen", target=own, changes=changes)
    return consumer


def take_test(user: User) -> None:
    """Count one of the user's TESTS.

    :raises LimitReached: they are used up.
    """
    standing = limiter().take_request(TESTS, str(user.pk))
    if not standing.is_allowed:
        minutes = -(-standing.wait // 60)
        raise LimitReached(
            f"{TESTS.quota} tests an hour are enough. The next one may go in {minutes} min.",
            standing,
        )


def _proven(account: Account, proof: str, code: str, user: User) -> Consumer | None:
    try:
        said = signing.loads(proof, salt=_SALT, max_age=CODE_SECONDS)
    except signing.BadSignature:
        return None
    is_right = hmac.compare_digest(said["code"], _digest(user, said["consumer"], code.strip()))
    if said["user"] != user.pk or not is_right:
        return None
    return Consumer.objects.filter(account=account, pk=said["consumer"]).first()


def _digest(user: User, consumer_id: int, code: str) -> str:
    """Keyed by the installation, so that the page that carries it does not give the code away."""
    return str(
        salted_hmac(_SALT, f"{user.pk} {consumer_id} {code}", algorithm="sha256").hexdigest()
    )
