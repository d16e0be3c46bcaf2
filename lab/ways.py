"""The ways to the demo brand's phones: the push lab, or stubs of the vendors."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.models import Account, AuditEvent, Platform
from consumers.models import Device
from consumers.services import Registration, refresh
from lab import brand, stubs
from push.credentials import save_credential
from push.models import ProviderKind, PushCredential

BY = "load_demo"
PROVIDERS: Mapping[str, str] = {
    Platform.IOS: ProviderKind.APNS,
    Platform.ANDROID: ProviderKind.FCM,
    Platform.HUAWEI: ProviderKind.PROXY,
    Platform.WEB: ProviderKind.WEBPUSH,
}


def use_stubs(account: Account, *, now: datetime) -> None:
    """Reach by the stubs whom the lab reached; what a person has set stays.

    :raises lab.stubs.StubAway: a browser cannot subscribe.
    """
    anew: dict[int, tuple[Device, str]] = {}
    for credential in _ours(account):
        provider = PROVIDERS[credential.platform]
        given = stubs.credential_settings(provider)
        if (credential.provider, credential.settings) != (provider, given):
            _save(credential, provider, given)
        for device in _devices(credential):
            if not stubs.takes(device, provider):
                anew[device.pk] = device, provider
    # In the order in which they came, so that they stand in the lab as before.
    for _, (device, provider) in sorted(anew.items()):
        _register_anew(device, provider, now)


def use_lab(account: Account) -> None:
    """Reach by the lab whom the stubs reached; a phone rings there whatever its token."""
    for credential in _ours(account):
        if credential.provider != ProviderKind.LAB:
            _save(credential, ProviderKind.LAB, {})


def _ours(account: Account) -> list[PushCredential]:
    """Credentials of the demo's own apps that no person has saved."""
    rows = PushCredential.objects.filter(
        account=account,
        app__bundle_id__in=(brand.MOBILE_APP, brand.WEB_APP),
        is_enabled=True,
    )
    return [one for one in rows.select_related("account", "app") if _saved_by(one) == BY]


def _saved_by(credential: PushCredential) -> str:
    events = AuditEvent.objects.filter(
        account_number=credential.account.number,
        verb="push_credential_saved",
        target_type="pushcredential",
        target_id=str(credential.pk),
    )
    return events.order_by("-id").values_list("actor", flat=True).first() or ""


def _save(credential: PushCredential, provider: str, given: Mapping[str, Any]) -> None:
    save_credential(
        app=credential.app,
        platform=credential.platform,
        provider=provider,
        settings=given,
        by=BY,
    )


def _devices(credential: PushCredential) -> list[Device]:
    devices = Device.objects.registered().filter(app=credential.app, platform=credential.platform)
    return list(devices.select_related("app", "consumer"))


def _register_anew(device: Device, provider: str, now: datetime) -> None:
    """As an app whose vendor gave it another token."""
    facts = {name: getattr(device, name) for name in Registration.FACTS}
    registration = Registration(
        app=device.app,
        platform=device.platform,
        **{**facts, **stubs.new_address(provider)},
    )
    renewed = refresh(device=device, registration=registration, now=now)
    renewed.label = device.label
    renewed.save(update_fields=["label"])
