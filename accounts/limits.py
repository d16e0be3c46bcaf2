"""How much a brand may ask of us: requests a second for each API, recipients a day (A4)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Account
from common.errors import TooMany
from common.limits import DAY, Policy, Standing, limiter


class LimitReached(TooMany):
    """``standing`` says of which limit how much is left."""

    def __init__(self, message: str, standing: Standing) -> None:
        super().__init__(message, policy=standing.policy.name, wait=standing.wait)
        self.standing = standing


@dataclass
class Taken:
    """Recipients of a day; those that turn out ``unused`` go back."""

    standing: Standing
    unused: int = 0


# IVR systems call for each caller: LivePerson's limit, whatever the account's of other APIs.
DEFLECTIONS_PER_SECOND = 30
_DEFLECTION = ("eligibility", "invite")


def _requests(account: Account, api_name: str) -> Policy:
    if api_name in _DEFLECTION:
        return Policy(api_name, max(DEFLECTIONS_PER_SECOND, account.requests_per_second))
    return Policy(api_name, account.requests_per_second)


def policies(account: Account, api_name: str) -> list[Policy]:
    """All limits of one of the brand APIs."""
    requests = _requests(account, api_name)
    return [requests, daily_policy(account)] if api_name == "sending" else [requests]


def daily_policy(account: Account) -> Policy:
    return Policy("daily", account.daily_recipients, DAY, unit="recipients")


def take_request(account: Account, api_name: str, *who: str) -> Standing:
    """Count a request to one of the brand APIs; each has its own limit, the same number.

    ``who`` names one of many callers that the account has, each with the limit to itself.

    :raises LimitReached: this second is full.
    """
    policy = _requests(account, api_name)
    standing = limiter().take_request(policy, str(account.pk), *who)
    if not standing.is_allowed:
        raise LimitReached(
            f"This account may send {policy.quota:,} requests a second to this API. "
            "This one was not processed; send it again after a second.",
            standing,
        )
    return standing


@contextmanager
def taking_recipients(account: Account, count: int, *, now: datetime) -> Iterator[Taken]:
    """Take recipients of the day for what is done in the block; a failure gives them back.

    :raises LimitReached: the day has not so many left; none is taken.
    """
    policy, who = daily_policy(account), str(account.pk)
    taken = Taken(limiter().take_amount(policy, count, who, now=now))
    if not taken.standing.is_allowed:
        raise LimitReached(
            f"{count:,} recipients are more than the {taken.standing.remaining:,} that are left "
            f"of the {policy.quota:,} that this account may send to on a day (UTC). "
            "Nothing was accepted.",
            taken.standing,
        )
    try:
        yield taken
    except BaseException:
        taken.unused = count
        raise
    finally:
        if taken.unused:
            taken.standing = limiter().take_amount(policy, -taken.unused, who, now=now)
