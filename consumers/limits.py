"""How much the apps of one consumer may ask of us."""

from django.conf import settings

from accounts.limits import LimitReached
from accounts.models import Account
from accounts.throttle import digest_of
from common.limits import Policy, limiter

# Long enough for an app that starts, and short enough for one that was refused to wait.
WINDOW = 10


def take_request(account: Account, consumer_ref: str) -> None:
    """Count a request of a consumer, whichever of their apps it comes from.

    :raises LimitReached: these ten seconds are full.
    """
    policy = Policy("consumer", settings.CONSUMER_REQUESTS, WINDOW)
    standing = limiter().take_request(policy, str(account.pk), digest_of(consumer_ref))
    if not standing.is_allowed:
        raise LimitReached(
            f"The apps of one consumer may send {policy.quota:,} requests in {WINDOW} seconds. "
            "This one was not processed; send it again after the seconds of Retry-After.",
            standing,
        )
