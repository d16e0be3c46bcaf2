"""API clients and their secrets: made, rotated with an overlap, taken back."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import IntegrityError, transaction
from django.utils import timezone
from oauth2_provider.models import AccessToken
from oauth2_provider.settings import oauth2_settings

from accounts import audit
from accounts.models import Account, ApiClient, ApiSecret, User
from accounts.tokens import digest, new_secret
from common.errors import Conflict, DomainError

# A brand may bring its own; the digest is not stretched, so it must not be guessable.
MIN_SECRET_LENGTH = 20
CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,99}")
DEFAULT_OVERLAP = timedelta(days=1)


class UnknownScope(DomainError):
    key: ClassVar[str] = "unknown_scope"


class ClientIdInvalid(DomainError):
    key: ClassVar[str] = "client_id_invalid"


class ClientIdTaken(Conflict):
    key: ClassVar[str] = "client_id_taken"


class SecretTooWeak(DomainError):
    key: ClassVar[str] = "secret_too_weak"


class SecretRotatedMeanwhile(Conflict):
    key: ClassVar[str] = "secret_rotated_meanwhile"


@transaction.atomic
def create_api_client(
    *,
    account: Account,
    name: str,
    scopes: Iterable[str],
    client_id: str | None = None,
    secret: str | None = None,
    by: str | User,
) -> tuple[ApiClient, str]:
    """Make a client and its first secret, which is told here and never again.

    :raises UnknownScope: a scope that does not exist.
    :raises ClientIdInvalid: an id of other characters than letters, digits and ``._~-``.
    :raises ClientIdTaken: another client, of whichever account, has the id.
    :raises SecretTooWeak: a secret of one's own that is too short.
    """
    client = ApiClient(account=account, name=name, scopes=check_scopes(scopes))
    if client_id:
        client.client_id = _check_client_id(client_id)
    try:
        with transaction.atomic():
            client.save(force_insert=True)
    except IntegrityError:
        raise ClientIdTaken("This client id is taken.", pointer="/client_id") from None
    text = _check_secret(secret) if secret else new_secret()
    _add_secret(client, text, now=timezone.now())
    changes = {"scopes": (None, client.scopes)}
    audit.record(by=by, account=account, verb="api_client_created", target=client, changes=changes)
    return client, text


@transaction.atomic
def rotate_secret(
    *,
    client: ApiClient,
    overlap: timedelta = DEFAULT_OVERLAP,
    newest: str | None = None,
    by: str | User,
) -> str:
    """Give the client a new secret; the present one works for ``overlap`` more, older ones end.

    ``newest`` is what `newest_secret` said when the caller decided; a form that is sent twice
    would otherwise end the secret that it showed.

    :raises SecretRotatedMeanwhile: another one is the present one by now.
    """
    now = timezone.now()
    locked = ApiClient.objects.select_for_update(of=("self",)).get(pk=client.pk)
    if newest is not None and newest != newest_secret(locked):
        raise SecretRotatedMeanwhile(
            "This secret was rotated meanwhile. If nobody kept the new one, rotate it again."
        )
    live = [row for row in locked.secrets.order_by("-valid_from", "-pk") if row.is_live(now)]
    for place, row in enumerate(live):
        _end(row, now + overlap if place == 0 else now)
    secret = new_secret()
    added = _add_secret(locked, secret, now=now)
    changes = {"secret": ([str(row) for row in live], str(added)), "overlap": (None, overlap)}
    audit.record(
        by=by, account=locked.account, verb="secret_rotated", target=locked, changes=changes
    )
    return secret


def newest_secret(client: ApiClient) -> str:
    """Names the last secret that was made, live or not."""
    return str(client.secrets.order_by("-pk").values_list("pk", flat=True).first() or 0)


@transaction.atomic
def revoke_secret(*, secret: ApiSecret, by: str | User) -> None:
    """End a secret now, and with it the client's tokens: whoever has the secret may hold some."""
    _end(secret, timezone.now())
    client = secret.client
    AccessToken.objects.filter(application=client).delete()
    changes = {"secret": (str(secret), None)}
    audit.record(
        by=by, account=client.account, verb="secret_revoked", target=client, changes=changes
    )


@transaction.atomic
def change_api_client(
    *, client: ApiClient, name: str, scopes: Iterable[str], is_enabled: bool, by: str | User
) -> ApiClient:
    """Rename, rescope or switch off; tokens out there lose what the client loses.

    :raises UnknownScope: a scope that does not exist.
    """
    locked = ApiClient.objects.select_for_update(of=("self",)).get(pk=client.pk)
    before = {field: getattr(locked, field) for field in ("name", "scopes", "is_enabled")}
    after = {"name": name, "scopes": check_scopes(scopes), "is_enabled": is_enabled}
    for field, value in after.items():
        setattr(locked, field, value)
    locked.save(update_fields=[*after, "updated"])
    if not is_enabled or not set(before["scopes"]) <= set(locked.scopes):
        AccessToken.objects.filter(application=locked).delete()
    changes = audit.changes_between(before, after)
    if changes:
        audit.record(
            by=by, account=locked.account, verb="api_client_changed", target=locked, changes=changes
        )
    return locked


def check_scopes(scopes: Iterable[str]) -> list[str]:
    """:raises UnknownScope: one of them does not exist."""
    known = oauth2_settings.SCOPES
    asked = list(dict.fromkeys(scopes))
    for scope in asked:
        if scope not in known:
            raise UnknownScope(f"There is no scope {scope!r}.", pointer="/scopes")
    return sorted(asked)


def _check_client_id(client_id: str) -> str:
    if not CLIENT_ID.fullmatch(client_id):
        raise ClientIdInvalid(
            "A client id is up to 100 letters, digits, dots, hyphens, underscores and tildes.",
            pointer="/client_id",
        )
    return client_id


def _check_secret(secret: str) -> str:
    if len(secret) < MIN_SECRET_LENGTH or not (secret.isascii() and secret.isprintable()):
        raise SecretTooWeak(
            f"A secret has at least {MIN_SECRET_LENGTH} printable ASCII characters.",
            pointer="/secret",
        )
    return secret


def _add_secret(client: ApiClient, secret: str, *, now: datetime) -> ApiSecret:
    return ApiSecret.objects.create(
        client=client, digest=digest(secret), prefix=secret[:4], valid_from=now
    )


def _end(secret: ApiSecret, at: datetime) -> None:
    if secret.valid_until is None or secret.valid_until > at:
        secret.valid_until = at
        secret.save(update_fields=["valid_until"])
