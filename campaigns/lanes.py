"""Lanes: one a provider, and one for rows whose provider is not known yet."""

from push.models import ProviderKind

LANES = ("none", *ProviderKind.values)


def queue_of(lane: str) -> str:
    """The Celery queue of the lane's wake-ups."""
    return f"deliver.{lane}"
