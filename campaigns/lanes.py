"""Lanes: one a provider, one for rows whose provider is not known yet, and one aside.

Aside is for rows whose provider is slow or held up. The sweep delivers them, so that waiting for
such answers takes no worker from the others.
"""

from push.models import ProviderKind

ASIDE = "aside"
LANES = ("none", *ProviderKind.values)


def queue_of(lane: str) -> str:
    """The Celery queue of the lane's wake-ups."""
    return f"deliver.{lane}"
