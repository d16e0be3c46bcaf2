"""Push credentials: checked by their provider, sealed to their account, encrypted at rest."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.apps import apps
from django.db import models, transaction

from accounts.audit import record
from accounts.models import App, Platform, User
from common.errors import Conflict, DomainError
from common.fields import EncryptedJSONField
from common.signatures import SigningSecret, new_secret
from push import breakers
from push.models import PushCredential
from push.providers.base import SettingInvalid
from push.vendors import VENDORS, read_settings

BATCH = 200
OVERLAP = timedelta(days=1)


class CredentialInvalid(DomainError):
    """A setting of the provider is wrong; the pointer names it."""

    key = "credential_invalid"


class NothingSigned(Conflict):
    """The provider's pushes are not signed, so there is no secret."""

    key = "nothing_signed"


def save_credential(
    *, app: App, platform: str, provider: str, settings: Mapping[str, Any], by: str | User
) -> PushCredential:
    """Put the app's way to this platform in place, instead of the one there was.

    What the old one held up goes on. The settings come back only sealed; `fingerprint` tells them
    apart. What signs a proxy's pushes stays; where nothing did, `new_signing_secret` tells it.

    :raises CredentialInvalid: naming the first setting that cannot be used.
    """
    if platform not in Platform.values:
        raise CredentialInvalid(f"{platform!r} is no platform.", pointer="/platform")
    check_settings(provider, platform, settings)
    with transaction.atomic():
        account = App.objects.select_for_update().select_related("account").get(pk=app.pk).account
        earlier = PushCredential.objects.filter(app=app, platform=platform)
        current = earlier.filter(is_enabled=True).first()
        credential = current or PushCredential(account=account, app=app, platform=platform)
        before = (credential.provider or None, credential.fingerprint or None)
        credential.provider = provider
        credential.last_worked_at = None
        _seal(credential, settings, _signing_for(credential))
        changes = {
            "provider": [before[0], provider],
            "fingerprint": [before[1], credential.fingerprint],
        }
        credential.save()
        had_waiting = current is None and earlier.filter(switched_off_at__isnull=False).exists()
        breakers.renew(credential, had_waiting=had_waiting)
        record(
            by=by,
            account=account,
            verb="push_credential_saved",
            target=credential,
            changes=changes,
        )
    return credential


def rotate_signing_secret(
    *, credential: PushCredential, by: str | User, now: datetime, overlap: timedelta = OVERLAP
) -> str:
    """Sign with a new secret, which is told here and never again. The present one signs too for
    ``overlap`` more; an older one ends.

    :raises NothingSigned: pushes of this provider are not signed.
    """
    if not VENDORS[credential.provider].is_signed:
        raise NothingSigned("Only pushes to a push proxy are signed.")
    with transaction.atomic():
        rows = PushCredential.objects.select_related("account")
        locked = rows.select_for_update(of=("self",)).get(pk=credential.pk)
        secret = new_secret()
        previous = [replace(one, until=now + overlap) for one in locked.signing[:1]]
        _seal(locked, locked.settings, (SigningSecret(secret), *previous))
        locked.save(update_fields=["sealed", "fingerprint"])
        record(
            by=by,
            account=locked.account,
            verb="push_signing_secret_rotated",
            target=locked,
            changes={"overlap": (None, overlap)},
        )
    return secret


def switch_off(*, credential: PushCredential, by: str | User, now: datetime) -> None:
    """Stop using the credential; what was accepted before waits until there is another one."""
    with transaction.atomic():
        PushCredential.objects.filter(pk=credential.pk, is_enabled=True).update(
            is_enabled=False, switched_off_at=now
        )
        record(
            by=by,
            account=credential.account,
            verb="push_credential_switched_off",
            target=credential,
            changes={"is_enabled": [credential.is_enabled, False]},
        )


def provider_settings(credential: PushCredential) -> Any:
    """The settings in the provider's own type; the push lab has none.

    :raises ValueError: sealed for another account, or no longer what the provider takes.
    """
    made = read_settings(credential.provider, credential.platform, credential.settings)
    return replace(made, signing=credential.signing) if credential.signing else made


def check_settings(provider: str, platform: str, settings: Mapping[str, Any]) -> None:
    """:raises CredentialInvalid: naming the first setting that cannot be used."""
    try:
        read_settings(provider, platform, settings)
    except SettingInvalid as error:
        pointer = f"/settings/{error.field}" if error.field else "/provider"
        raise CredentialInvalid(error.message, pointer=pointer) from None


def fingerprint(settings: Mapping[str, Any], signing: Sequence[SigningSecret] = ()) -> str:
    """16 hexadecimal characters that change with the settings and tell nothing of them."""
    known: dict[str, Any] = dict(settings)
    if signing:
        known["signing"] = [[one.value, one.until] for one in signing]
    canonical = orjson.dumps(known, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()[:16]


def _signing_for(credential: PushCredential) -> Sequence[SigningSecret]:
    """What signed before goes on; a provider that is signed gets its first secret."""
    if not VENDORS[credential.provider].is_signed:
        return ()
    try:
        known = credential.signing if credential.pk else ()
    except ValueError:  # sealed for another account, so of no use here
        known = ()
    if known:
        return known
    credential.new_signing_secret = new_secret()
    return (SigningSecret(credential.new_signing_secret),)


def _seal(
    credential: PushCredential, settings: Mapping[str, Any], signing: Sequence[SigningSecret]
) -> None:
    credential.seal(settings, signing)
    credential.fingerprint = fingerprint(settings, signing)


def reencrypt_all(*, batch: int = BATCH) -> int:
    """Encrypt every sealed value anew with the first of FIELD_KEYS; says how many rows there were.

    May run while the product works, and again after it was stopped half-way.
    """
    return sum(_reencrypt(model, field.name, batch) for model, field in _sealed_fields())


def _sealed_fields() -> Iterator[tuple[type[models.Model], EncryptedJSONField]]:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedJSONField):
                yield model, field


def _reencrypt(model: type[models.Model], name: str, batch: int) -> int:
    rows = model._base_manager.order_by("pk")
    done, last = 0, 0
    while True:
        with transaction.atomic():
            # Locked, so that a value saved meanwhile is not overwritten by its predecessor.
            locked = list(rows.select_for_update().only("pk", name).filter(pk__gt=last)[:batch])
            for row in locked:
                rows.filter(pk=row.pk).update(**{name: getattr(row, name)})
        if not locked:
            return done
        done, last = done + len(locked), locked[-1].pk
