"""Push credentials: checked by their provider, sealed to their account, encrypted at rest."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson
from django.apps import apps
from django.db import models, transaction

from accounts.audit import record
from accounts.models import App, Platform, User
from common.errors import DomainError
from common.fields import EncryptedJSONField
from push import breakers
from push.models import PushCredential
from push.providers.base import SettingInvalid
from push.vendors import read_settings

BATCH = 200


class CredentialInvalid(DomainError):
    """A setting of the provider is wrong; the pointer names it."""

    key = "credential_invalid"


def save_credential(
    *, app: App, platform: str, provider: str, settings: Mapping[str, Any], by: str | User
) -> PushCredential:
    """Put the app's way to this platform in place, instead of the one there was.

    What the old one held up goes on. The settings come back only sealed; `fingerprint` tells them
    apart.

    :raises CredentialInvalid: naming the first setting that cannot be used.
    """
    if platform not in Platform.values:
        raise CredentialInvalid(f"{platform!r} is no platform.", pointer="/platform")
    check_settings(provider, platform, settings)
    mark = fingerprint(settings)
    with transaction.atomic():
        account = App.objects.select_for_update().select_related("account").get(pk=app.pk).account
        earlier = PushCredential.objects.filter(app=app, platform=platform)
        current = earlier.filter(is_enabled=True).first()
        credential = current or PushCredential(account=account, app=app, platform=platform)
        changes = {
            "provider": [credential.provider or None, provider],
            "fingerprint": [credential.fingerprint or None, mark],
        }
        credential.provider = provider
        credential.fingerprint = mark
        credential.sealed = {"account": account.number, "settings": dict(settings)}
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
    return read_settings(credential.provider, credential.platform, credential.settings)


def check_settings(provider: str, platform: str, settings: Mapping[str, Any]) -> None:
    """:raises CredentialInvalid: naming the first setting that cannot be used."""
    try:
        read_settings(provider, platform, settings)
    except SettingInvalid as error:
        pointer = f"/settings/{error.field}" if error.field else "/provider"
        raise CredentialInvalid(error.message, pointer=pointer) from None


def fingerprint(settings: Mapping[str, Any]) -> str:
    """16 hexadecimal characters that change with the settings and tell nothing of them."""
    canonical = orjson.dumps(dict(settings), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()[:16]


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
