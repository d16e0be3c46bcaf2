"""Whether a person has, or needs, a second factor (G1)."""

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest

from accounts.models import Account, User
from accounts.roles import ADMINISTER
from common.fields import field_cipher

# What an authenticator's data has encrypted: the app's secret, the seed of the recovery codes.
_SEALED = ("secret", "seed")
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


def reencrypt_second_factors() -> int:
    """Encrypt every factor's secret anew with the first of FIELD_KEYS; says how many there were.

    May run while people sign in, and again after it was stopped half-way.
    """
    cipher, done = field_cipher(), 0
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            # Locked, so that a recovery code that is used meanwhile stays used.
            factor = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if factor is not None:
                sealed = factor.data.keys() & set(_SEALED)
                factor.data |= {name: cipher.rotate(factor.data[name]).decode() for name in sealed}
                factor.save(update_fields=["data"])
                done += 1
    return done
