"""Access tokens of brand systems: who may have one, what it looks like, what it stands for.

Only the SHA-256 of a token is stored. A token of /sentinel is a signed JWT around the digest of
a random token that is thrown away, so that the table holds nothing that opens anything.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, Q
from oauth2_provider.models import AccessToken

from accounts.models import Account, ApiClient, ApiSecret

ISSUER = "Sentinel"
ALGORITHM = "RS256"
LIFETIME = timedelta(hours=1)
# An expired token is told from an unknown one for this long.
REMEMBERED = timedelta(days=1)
LAST_USED_PRECISION = timedelta(minutes=1)
MAX_TOKEN_LENGTH = 4096


class TokenUnknown(Exception):
    """Nobody was given this token, or it was revoked, or its client is disabled."""


class TokenExpired(Exception):
    """The token was good once."""


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What a good token stands for."""

    client: ApiClient
    scopes: frozenset[str]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def find_client(
    *, client_id: str, secret: str, now: datetime, account_number: int | None = None
) -> ApiClient | None:
    """The enabled client with this id and secret, of this account where one is named.

    Unknown clients take the same queries and a comparison, so that time does not tell them apart.
    """
    client = ApiClient.objects.select_related("account").filter(client_id=client_id).first()
    live = ApiSecret.objects.filter(
        Q(valid_until=None) | Q(valid_until__gt=now),
        client_id=client.pk if client else 0,
        valid_from__lte=now,
    )
    known = list(live.values_list("digest", flat=True)) or ["-" * 64]
    given = digest(secret)
    is_right = any(hmac.compare_digest(given, stored) for stored in known)
    if client is None or not is_right or not client.is_enabled:
        return None
    if account_number is not None and client.account.number != account_number:
        return None
    return client


def mint(*, client: ApiClient, token: str, scopes: Iterable[str], now: datetime) -> AccessToken:
    """Store that the client was given the token; the token itself is not stored."""
    row = AccessToken(
        application=client,
        scope=" ".join(scopes),
        expires=now + LIFETIME,
        token_checksum=digest(token),
    )
    row.save()
    return row


def signed(row: AccessToken, *, now: datetime) -> str:
    """The JWT of /sentinel; its `jti` is the stored digest, so that deleting the row revokes it."""
    client = row.application
    claims = {
        "aud": str(client.account.number),
        "azp": client.client_id,
        "scope": row.scope,
        "iss": ISSUER,
        "iat": int(now.timestamp()),
        "exp": int(row.expires.timestamp()),
        "jti": row.token_checksum,
    }
    key = _signing_key(settings.TOKEN_SIGNING_KEY)
    return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid})


def look_up(token: str, *, now: datetime) -> TokenGrant:
    """Tell what a presented token, opaque or JWT, stands for: one query by a unique index.

    :raises TokenExpired: it was good once.
    :raises TokenUnknown: for everything else.
    """
    found = _grant_of(_digest_of(token, now=now))
    if found is None:
        raise TokenUnknown
    client, scope, expires = found
    if not client.is_enabled:
        raise TokenUnknown
    if expires <= now:
        raise TokenExpired
    _touch(client, now)
    return TokenGrant(client, frozenset(scope.split()))


def revoke(token: str, *, client: ApiClient) -> None:
    """Forget a token of this client, named by itself or by its `jti`."""
    named = [digest(token), token]
    if token.count(".") == 2:
        named.append(_verified(token).get("jti", ""))
    AccessToken.objects.filter(application=client, token_checksum__in=named).delete()


def forget_expired(*, now: datetime) -> int:
    """Delete what is of no use to anybody; tell how many."""
    return int(AccessToken.objects.filter(expires__lte=now - REMEMBERED).delete()[0])


def _grant_of(checksum: str) -> tuple[ApiClient, str, datetime] | None:
    """Client, scopes and end of a stored token.

    By hand, since the ORM takes longer to write this join than the database to do it, and each
    call of the brand API waits for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_statement(), [checksum])
        row = cursor.fetchone()
    if row is None:
        return None
    scope, expires, *values = row
    count = len(_columns(ApiClient))
    client = ApiClient.from_db(DEFAULT_DB_ALIAS, _columns(ApiClient), values[:count])
    client.account = Account.from_db(DEFAULT_DB_ALIAS, _columns(Account), values[count:])
    return client, scope, expires


@lru_cache
def _columns(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@lru_cache
def _statement() -> str:
    clients = [f'c."{field.column}"' for field in ApiClient._meta.concrete_fields]
    accounts = [f'a."{field.column}"' for field in Account._meta.concrete_fields]
    return f"""
        SELECT t.scope, t.expires, {", ".join(clients + accounts)}
        FROM {AccessToken._meta.db_table} t
        JOIN {ApiClient._meta.db_table} c ON c.id = t.application_id
        JOIN {Account._meta.db_table} a ON a.id = c.account_id
        WHERE t.token_checksum = %s
    """


def _digest_of(token: str, *, now: datetime) -> str:
    if len(token) > MAX_TOKEN_LENGTH:
        raise TokenUnknown
    if token.count(".") != 2:
        return digest(token)
    claims = _verified(token)
    if claims.get("exp", 0) <= now.timestamp():
        raise TokenExpired if claims else TokenUnknown
    return str(claims["jti"])


def _verified(token: str) -> dict[str, Any]:
    """The claims of a JWT that we signed, expired or not; empty for any other."""
    key = _signing_key(settings.TOKEN_SIGNING_KEY)
    try:
        return dict(
            jwt.decode(
                token,
                key.public,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
            )
        )
    except (jwt.PyJWTError, ValueError):
        return {}


def _touch(client: ApiClient, now: datetime) -> None:
    if client.last_used_at is None or now - client.last_used_at >= LAST_USED_PRECISION:
        ApiClient.objects.filter(pk=client.pk, last_used_at=client.last_used_at).update(
            last_used_at=now
        )


@dataclass(frozen=True, slots=True)
class _SigningKey:
    private: RSAPrivateKey
    public: Any
    kid: str


@lru_cache(maxsize=4)
def _signing_key(pem: str) -> _SigningKey:
    if not pem:
        raise ImproperlyConfigured("TOKEN_SIGNING_KEY is not set. Give it an RSA key in PEM.")
    private = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(private, RSAPrivateKey) or private.key_size < 2048:
        raise ImproperlyConfigured("TOKEN_SIGNING_KEY must be an RSA key of 2048 bits or more.")
    public = private.public_key()
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return _SigningKey(private, public, hashlib.sha256(der).hexdigest()[:16])


def new_secret() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)
