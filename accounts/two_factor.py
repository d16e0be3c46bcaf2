"""Whether a person has, or needs, a second factor (G1)."""

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from accounts.models import Account, User
from accounts.roles import ADMINISTER

_METHODS = "account_authentication_methods"


def has_second_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def must_set_up(request: HttpRequest, account: Account, permissions: frozenset[str]) -> bool:
    """Whether the account asks this administrator for a factor that they do not have yet.

    Who came through the company's identity provider is asked there.
    """
    user = request.user
    if not account.requires_two_factor or ADMINISTER not in permissions:
        return False
    if any(one["method"] == "socialaccount" for one in request.session.get(_METHODS, [])):
        return False
    return isinstance(user, User) and not has_second_factor(user)
