"""A test push: one real push to a chosen device, outside of any campaign and of every figure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.audit import record
from accounts.models import Account, App, Platform, User
from campaigns.push_verdicts import tell
from common.errors import Conflict, DomainError
from common.ids import uuid7
from consumers.models import Device, LogoutType
from consumers.services import note_environments, remove_dead_devices
from push.models import PushCredential
from push.providers.base import DeviceTarget, Outcome, PushRequest, PushResult
from push.services import send_alone
from push.usage import note_worked

TEXT = "This is a test push. It belongs to no campaign."
# Long enough for a phone that has to be found first.
LIFETIME = timedelta(minutes=10)


class DeviceNotFound(DomainError):
    """No registered device of the app is the one that was meant."""


class DeviceNotPushable(Conflict):
    """The device is gone, or its consumer wants no pushes there."""


class NoCredential(Conflict):
    """The app has no push credential for the device's platform."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the provider answered. `sentence` and `remedy` are for people, `words` the provider's
    own, `provider` its name; `status` is None when there was no answer over HTTP."""

    outcome: Outcome
    reason: str
    sentence: str
    remedy: str
    words: str
    provider: str
    status: int | None
    elapsed_ms: int

    @property
    def is_accepted(self) -> bool:
        return self.outcome is Outcome.ACCEPTED


def find_device(
    *,
    account: Account,
    app_name: str,
    public_id: UUID | None = None,
    consumer_ref: str = "",
    platform: str = "",
) -> Device:
    """The device of that id, else the one that the consumer used last.

    :raises DeviceNotFound: the account has no such registered device.
    """
    devices = Device.objects.registered().filter(account=account, app__bundle_id=app_name)
    if public_id is not None:
        devices = devices.filter(public_id=public_id)
    else:
        devices = devices.filter(consumer__ref=consumer_ref)
    if platform:
        devices = devices.filter(platform=platform)
    related = devices.select_related("account", "app", "consumer")
    device = related.order_by("-last_seen_at", "-pk").first()
    if device is None:
        raise DeviceNotFound(f"{app_name} has no such device that is registered.")
    return device


def send_test_push(
    *,
    device: Device,
    by: str | User,
    now: datetime,
    title: str = "",
    text: str = TEXT,
    handoff_id: str = "",
) -> Verdict:
    """Push to the device through its app's credential, and wait for what the provider answers.

    Without a title the app is named; ``handoff_id`` is whose words they are, for the audit log.

    The rules of campaigns are not asked, but whoever wants no pushes gets none. A dead token leaves
    the registry. What a provider does wrong is the verdict, not an error. No transaction may be
    open.

    :raises DeviceNotPushable: the device is gone, or its consumer wants no pushes there.
    :raises NoCredential: the app has none for the device's platform.
    """
    _refuse_unwanted(device)
    credential = _credential_of(device)
    result = _send(device, credential, _request(device, title, text, now), now)
    if result.outcome is Outcome.ACCEPTED:
        note_worked({credential.pk: credential.fingerprint}, now=now)
    with transaction.atomic():
        if result.outcome is Outcome.UNREGISTERED:
            dead_since = {device.pk: result.dead_since or now}
            remove_dead_devices(dead_since=dead_since, reason=result.reason, now=now)
        record(
            by=by,
            account=device.account,
            verb="push_tested",
            target=credential,
            changes={
                "device": [None, device.public_id],
                "outcome": [None, result.outcome],
                "reason": [None, result.reason],
                **({"handoff": [None, handoff_id]} if handoff_id else {}),
            },
        )
    return _verdict(result, credential)


def _send(
    device: Device, credential: PushCredential, request: PushRequest, now: datetime
) -> PushResult:
    """Once more where the provider found out that the device is to be tried elsewhere."""
    result = send_alone(credential=credential, request=request, now=now)
    if not result.environment:
        return result
    note_environments(environments={device.pk: result.environment})
    device.refresh_from_db(fields=["environment"])
    elsewhere = _request(device, request.title, request.body, now)
    return send_alone(credential=credential, request=elsewhere, now=now)


def _refuse_unwanted(device: Device) -> None:
    if device.removed_at is not None:
        raise DeviceNotPushable("This device is no longer registered.")
    if device.consumer.opted_out_at is not None:
        raise DeviceNotPushable("The person does not want messages from you.")
    if device.logout_type == LogoutType.ALL:
        raise DeviceNotPushable("The person has signed out on this device and wants no pushes.")


def _credential_of(device: Device) -> PushCredential:
    app: App = device.app
    found = PushCredential.objects.filter(app=app, platform=device.platform, is_enabled=True)
    credential = found.select_related("account", "app").first()
    if credential is None:
        platform = Platform(device.platform).label
        raise NoCredential(f"{app.bundle_id} has no push credential for {platform}; add one first.")
    return credential


def _request(device: Device, title: str, text: str, now: datetime) -> PushRequest:
    message_id, expires_at = uuid7(), now + LIFETIME
    return PushRequest(
        message_id=message_id.hex,
        device_id=device.pk,
        target=DeviceTarget(
            device.platform,
            device.token,
            device.p256dh,
            device.auth,
            device.environment,
            device.app.bundle_id,
        ),
        badge=1,
        title=title or device.app.name,
        body=text,
        expires_at=expires_at,
        data={
            "id": message_id.hex,
            "brandId": str(device.account.number),
            "backendService": "prmsg",
            "lookBackPeriod": str(int(LIFETIME.total_seconds() * 1000)),
            "transactionId": str(message_id),
            "expirationEpochTime": str(int(expires_at.timestamp())),
            "externalConsumerId": device.consumer.ref,
            "test": "true",
        },
    )


def _verdict(result: PushResult, credential: PushCredential) -> Verdict:
    provider = credential.get_provider_display()
    sentence, remedy = tell(result, provider)
    return Verdict(
        outcome=result.outcome,
        reason=result.reason,
        sentence=sentence,
        remedy=remedy,
        words=result.detail,
        provider=provider,
        status=result.status,
        elapsed_ms=result.elapsed_ms,
    )
