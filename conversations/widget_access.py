"""Who may read in the agent widget (F1, S16): a code for one minute, then a token for one hour.

A frame of another site has no cookies, so it is let in by a code that a first-party window or the
brand's own server made for it. Its token is kept in the frame's memory and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.core.signing import BadSignature, Signer

from accounts.models import Account, ApiClient, User
from accounts.permissions import permissions_on
from accounts.roles import ANSWER_CONVERSATIONS
from accounts.tokens import digest, new_secret
from common.errors import Conflict
from conversations.models import WidgetCode

CODE_LIFETIME = timedelta(seconds=60)
TOKEN_LIFETIME = timedelta(hours=1)
SCOPE = "conversations:read"
# Of no use any more; as long as somebody may look into what went wrong.
KEPT = timedelta(days=1)
MAX_LENGTH = 1024
_signer = Signer(salt="conversations.widget")


class CodeRefused(Conflict):
    """Which of the reasons it is, is told to nobody."""

    key: ClassVar[str] = "widget_code_refused"


class WidgetTokenRefused(Exception):
    """Made up, too old, or of somebody who may not look any more."""


@dataclass(frozen=True, slots=True)
class NewCode:
    """``code`` is told here and never again."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewToken:
    token: str
    expires_at: datetime


def issue_code(
    *, account: Account, now: datetime, user: User | None = None, client: ApiClient | None = None
) -> NewCode:
    """For a person or for a brand's system; who may not look gets one that lets nobody in."""
    WidgetCode.objects.filter(account=account, expires_at__lt=now - KEPT).delete()
    made = NewCode(new_secret(), now + CODE_LIFETIME)
    WidgetCode.objects.create(
        account=account,
        digest=digest(made.code),
        user=user,
        client=client,
        expires_at=made.expires_at,
    )
    return made


def redeem_code(*, account: Account, code: str, now: datetime) -> NewToken:
    """Once: of two who come with the same code, one gets a token.

    :raises CodeRefused: unknown, another account's, used, too old, or of somebody who may not look.
    """
    unused = WidgetCode.objects.filter(
        account=account, digest=digest(code), used_at=None, expires_at__gt=now
    )
    found = unused.select_related("user", "client").first()
    is_first = found is not None and unused.filter(pk=found.pk).update(used_at=now) == 1
    if found is None or not is_first or not _may_look(account, found.user, found.client):
        raise CodeRefused("This code was used, or is too old. Sign in again.")
    expires_at = now + TOKEN_LIFETIME
    claims = {
        "account": account.number,
        "until": int(expires_at.timestamp()),
        "user": found.user_id,
        "session": _session_of(found.user),
        "client": found.client_id,
    }
    return NewToken(_signer.sign_object(claims), expires_at)


def account_of(token: str, *, now: datetime) -> Account:
    """The account that a token opens; whether its bearer may still look is asked each time.

    :raises WidgetTokenRefused: it opens none.
    """
    claims = _read(token)
    account = Account.objects.filter(number=claims["account"]).first()
    user = User.objects.filter(pk=claims["user"]).first()
    client = ApiClient.objects.filter(pk=claims["client"]).first()
    if account is None or claims["until"] <= now.timestamp():
        raise WidgetTokenRefused
    if claims["session"] != _session_of(user) or not _may_look(account, user, client):
        raise WidgetTokenRefused
    return account


def _may_look(account: Account, user: User | None, client: ApiClient | None) -> bool:
    if user is not None:
        return ANSWER_CONVERSATIONS in permissions_on(user, account)
    return (
        client is not None
        and client.account_id == account.pk
        and client.is_enabled
        and SCOPE in client.scopes
    )


def _session_of(user: User | None) -> str:
    """Another one after a new password, and when all of the person's sessions were ended."""
    return digest(user.get_session_auth_hash())[:16] if user else ""


def _read(token: str) -> Mapping[str, Any]:
    if len(token) > MAX_LENGTH:
        raise WidgetTokenRefused
    try:
        claims: Mapping[str, Any] = _signer.unsign_object(token)
    except (BadSignature, ValueError):
        raise WidgetTokenRefused from None
    return claims
