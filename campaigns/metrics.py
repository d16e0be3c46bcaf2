"""What Prometheus sees of campaigns: accept latency, wake-ups that failed, the queue itself."""

from collections.abc import Iterator

from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from campaigns import counting

ACCEPT_SECONDS = Histogram(
    "proactive_accept_seconds",
    "Time to accept a campaign call.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5),
)
WAKE_UPS_LOST = Counter("proactive_wake_ups_lost", "Wake-ups that the broker did not take.")
UNKNOWN_RETRIES = Counter(
    "proactive_unknown_retries", "Pushes sent again because the first answer was lost."
)


class QueueCollector(Collector):
    """Rows of the ledger that are not final, and since when they may go, asked at each scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        labels = ["lane", "state"]
        depth = GaugeMetricFamily("proactive_queue_messages", "Messages not final.", labels=labels)
        age = GaugeMetricFamily(
            "proactive_queue_age_seconds",
            "Time since the oldest such message could go out.",
            labels=labels,
        )
        for lane, state, count, seconds in counting.queue_depths():
            depth.add_metric([lane, state], count)
            age.add_metric([lane, state], seconds)
        yield depth
        yield age
