"""Settings of a brand's identity provider: what may be set, and what a change undoes."""

from typing import NoReturn

from django.conf import settings
from django.db import transaction

from accounts.audit import changes_between, record
from accounts.models import User
from common.errors import DomainError
from common.guard import AddressGuard, AddressRefused
from consumers.keys import ALGORITHMS, UnusableKey, fits, load_public_key
from consumers.models import IdentityProvider

AUDITED = (
    "issuer",
    "audience",
    "algorithms",
    "public_key",
    "jwks_url",
    "max_lifetime_seconds",
)


class IdentityProviderInvalid(DomainError):
    """A setting cannot be used; the pointer names it."""

    key = "identity_provider_invalid"


def save_identity_provider(*, provider: IdentityProvider, by: str | User) -> None:
    """Check and store the settings. Keys fetched from another address are forgotten.

    :raises IdentityProviderInvalid: naming the setting.
    """
    check_identity_provider(provider)
    with transaction.atomic():
        before = IdentityProvider.objects.select_for_update().filter(pk=provider.pk).first()
        if before is None or before.jwks_url != provider.jwks_url:
            provider.jwks = None
            provider.jwks_fetched_at = provider.jwks_tried_at = None
        provider.save()
        record(
            by=by,
            account=provider.account,
            verb="identity_provider_saved",
            target=provider,
            changes=changes_between(_audited(before), _audited(provider)),
        )


def _audited(provider: IdentityProvider | None) -> dict[str, object]:
    return {name: getattr(provider, name) for name in AUDITED} if provider else {}


def check_identity_provider(provider: IdentityProvider) -> None:
    """:raises IdentityProviderInvalid: naming the first setting that cannot be used."""
    if not set(provider.algorithms) <= set(ALGORITHMS):
        _refuse("algorithms", f"Only {' and '.join(ALGORITHMS)} are offered.")
    if bool(provider.public_key) == bool(provider.jwks_url):
        _refuse("public_key", "Give either the public key or the address of the key set.")
    if provider.public_key:
        _check_key(provider)
    else:
        _check_url(provider.jwks_url)


def _check_key(provider: IdentityProvider) -> None:
    try:
        key = load_public_key(provider.public_key)
    except UnusableKey as error:
        _refuse("public_key", str(error))
    if not any(fits(key, name) for name in provider.algorithms or ALGORITHMS):
        _refuse("public_key", f"The key is of no use for {', '.join(provider.algorithms)}.")


def _check_url(url: str) -> None:
    guard = AddressGuard(tuple(settings.EGRESS_ALLOWED_NETWORKS), settings.EGRESS_ALLOW_HTTP)
    try:
        guard.check_setting(url)
    except AddressRefused as refusal:
        _refuse("jwks_url", str(refusal))


def _refuse(name: str, message: str) -> NoReturn:
    raise IdentityProviderInvalid(message, pointer=f"/{name}")
