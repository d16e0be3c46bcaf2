"""What Prometheus sees of pushing."""

from collections.abc import Iterator
from functools import cache

from django.db.models import Count
from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from push.models import Breaker

PUSHES = Counter("proactive_pushes", "Pushes by provider and outcome.", ["provider", "outcome"])
BREAKER_OPENINGS = Counter(
    "proactive_breaker_openings",
    "Times that pushes were held back from a provider.",
    ["provider", "reason"],
)


def count_push(provider: str, outcome: str) -> None:
    _counter(provider, outcome).inc()


@cache
def _counter(provider: str, outcome: str) -> Counter:
    """Looked up once each: there are few, and the library takes a lock for it."""
    return PUSHES.labels(provider, outcome)


class BreakerCollector(Collector):
    """Breakers that are open, asked at each scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        gauge = GaugeMetricFamily(
            "proactive_breakers_open",
            "Credentials and hosts that pushes are held back from.",
            labels=["provider", "reason"],
        )
        rows = Breaker.objects.open().values_list("provider", "reason").annotate(n=Count("pk"))
        for provider, reason, count in rows.order_by():
            gauge.add_metric([provider, reason], count)
        yield gauge
