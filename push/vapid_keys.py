"""The key pair by which push services know an app: made once, since browsers subscribe to it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import App, Platform, User
from common.errors import Conflict
from push.credentials import save_credential
from push.models import ProviderKind, PushCredential
from push.providers.vapid import new_private_key, public_key_of, read_private_key


class VapidKeysExist(Conflict):
    """The app has a key pair, and another one would end every browser's subscription."""

    key = "vapid_keys_exist"


def make_vapid_keys(
    *, app: App, contact: str, by: str | User, is_replacing: bool = False
) -> PushCredential:
    """Make the app's key pair for Web Push and put it in place.

    :raises VapidKeysExist: it has one, in use or switched off, and that is not to be replaced.
    :raises CredentialInvalid: push services could not use the contact.
    """
    with transaction.atomic():
        App.objects.select_for_update().get(pk=app.pk)
        existing = find_vapid_keys(app)
        if existing is not None and not is_replacing:
            raise VapidKeysExist(
                "The app has a key pair. Replacing it ends the subscription of every browser. Its"
                f" public key is {application_server_key(existing)}."
            )
        return save_credential(
            app=app,
            platform=Platform.WEB,
            provider=ProviderKind.WEBPUSH,
            settings={"vapid_private_key": new_private_key(), "contact": contact},
            by=by,
        )


def find_vapid_keys(app: App) -> PushCredential | None:
    """The credential with the app's key pair; it may be switched off."""
    credentials = PushCredential.objects.filter(app=app, provider=ProviderKind.WEBPUSH)
    return credentials.select_related("account").order_by("-is_enabled", "-pk").first()


def application_server_key(credential: PushCredential) -> str:
    """The public key, as a web app gives it to `pushManager.subscribe`."""
    return public_key_of(read_private_key(credential.settings["vapid_private_key"]))


def with_private_key(app: App, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with the app's own private key where they name none, or with a new one."""
    if settings.get("vapid_private_key"):
        return dict(settings)
    existing = find_vapid_keys(app)
    own = existing.settings["vapid_private_key"] if existing else new_private_key()
    return {**settings, "vapid_private_key": own}
