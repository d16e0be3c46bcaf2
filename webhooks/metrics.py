"""What Prometheus sees of webhooks."""

from prometheus_client import Counter

CALLS = Counter("proactive_webhook_calls", "Calls of webhooks by what came of them.", ["outcome"])
WAKE_UPS_LOST = Counter(
    "proactive_webhook_wake_ups_lost", "Wake-ups for webhooks that the broker did not take."
)
