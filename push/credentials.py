"""Push credentials: checked by their provider, sealed to their account, encrypted at rest."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from django.apps import apps
from django.conf import settings as site
from django.db import models, transaction

from accounts.audit import record
from accounts.models import App, Platform, User
from common.errors import DomainError
from common.fields import EncryptedJSONField
from push.models import ProviderKind, PushCredential
from push.providers.base import SettingInvalid
from push.providers.proxy_settings import ProxySettings

BATCH = 200
PROXY_TEXTS = ("url", "username", "password", "client_cert_pem", "client_key_pem")


class CredentialInvalid(DomainError):
    """A setting of the provider is wrong; the pointer names it."""

    key = "credential_invalid"


def save_credential(
    *, app: App, platform: str, provider: str, settings: Mapping[str, Any], by: str | User
) -> PushCredential:
    """Put the app's way to this platform in place, instead of the one there was.

    A hold on the old one ends. The settings come back only sealed; `fingerprint` tells them apart.

    :raises CredentialInvalid: naming the first setting that cannot be used.
    """
    if platform not in Platform.values:
        raise CredentialInvalid(f"{platform!r} is no platform.", pointer="/platform")
    check_settings(provider, settings)
    mark = fingerprint(settings)
    with transaction.atomic():
        account = App.objects.select_for_update().select_related("account").get(pk=app.pk).account
        credential = PushCredential.objects.filter(
            app=app, platform=platform, is_enabled=True
        ).first() or PushCredential(account=account, app=app, platform=platform)
        changes = {
            "provider": [credential.provider or None, provider],
            "fingerprint": [credential.fingerprint or None, mark],
        }
        credential.provider = provider
        credential.fingerprint = mark
        credential.sealed = {"account": account.number, "settings": dict(settings)}
        credential.held_until, credential.held_reason = None, ""
        credential.save()
        record(
            by=by,
            account=account,
            verb="push_credential_saved",
            target=credential,
            changes=changes,
        )
    return credential


def switch_off(*, credential: PushCredential, by: str | User) -> None:
    """Stop using the credential; its app's pushes wait until there is another one."""
    with transaction.atomic():
        PushCredential.objects.filter(pk=credential.pk).update(is_enabled=False)
        record(
            by=by,
            account=credential.account,
            verb="push_credential_switched_off",
            target=credential,
            changes={"is_enabled": [credential.is_enabled, False]},
        )


def provider_settings(credential: PushCredential) -> ProxySettings:
    """The settings in the provider's own type; the push lab has none.

    :raises ValueError: sealed for another account, or no longer what the provider takes.
    """
    if credential.provider != ProviderKind.PROXY:
        raise ValueError(f"{credential.provider} has no settings.")
    try:
        return _make_proxy_settings(credential.settings)
    except CredentialInvalid as error:
        raise ValueError(error.message) from None


def check_settings(provider: str, settings: Mapping[str, Any]) -> None:
    """:raises CredentialInvalid: naming the first setting that cannot be used."""
    if provider == ProviderKind.LAB:
        _refuse_unknown(settings, ())
    elif provider == ProviderKind.PROXY:
        _make_proxy_settings(settings)
    else:
        raise CredentialInvalid(f"{provider!r} is no provider.", pointer="/provider")


def _make_proxy_settings(settings: Mapping[str, Any]) -> ProxySettings:
    """The brand says where and with which secrets; which networks are open is the operator's."""
    _refuse_unknown(settings, (*PROXY_TEXTS, "headers"))
    texts = {name: _text(settings, name) for name in PROXY_TEXTS}
    made = ProxySettings(
        **texts,
        headers=_headers(settings.get("headers", [])),
        ca_file=site.EGRESS_CA_FILE,
        allowed_networks=tuple(site.EGRESS_ALLOWED_NETWORKS),
        allow_http=site.EGRESS_ALLOW_HTTP,
    )
    try:
        made.validate()
    except SettingInvalid as error:
        raise CredentialInvalid(str(error), pointer=f"/settings/{error.field}") from None
    return made


def _refuse_unknown(settings: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in settings:
        if name not in known:
            detail = f"The provider has no setting {name!r}."
            raise CredentialInvalid(detail, pointer=f"/settings/{name}")


def _text(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name, "")
    if not isinstance(value, str):
        raise CredentialInvalid(f"{name} must be a string.", pointer=f"/settings/{name}")
    return value


def _headers(value: Any) -> tuple[tuple[str, str], ...]:
    """From pairs, as JSON has them."""
    if isinstance(value, list | tuple) and all(_is_pair(pair) for pair in value):
        return tuple((name, content) for name, content in value)
    raise CredentialInvalid("headers must be pairs of strings.", pointer="/settings/headers")


def _is_pair(value: Any) -> bool:
    is_two = isinstance(value, list | tuple) and len(value) == 2
    return is_two and all(isinstance(part, str) for part in value)


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
