"""What Prometheus sees of pushing."""

from functools import cache

from prometheus_client import Counter

PUSHES = Counter("proactive_pushes", "Pushes by provider and outcome.", ["provider", "outcome"])


def count_push(provider: str, outcome: str) -> None:
    _counter(provider, outcome).inc()


@cache
def _counter(provider: str, outcome: str) -> Counter:
    """Looked up once each: there are few, and the library takes a lock for it."""
    return PUSHES.labels(provider, outcome)
