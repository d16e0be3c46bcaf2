"""What Prometheus sees of pushes of agents' messages."""

from prometheus_client import Counter

REPLY_PUSHES = Counter(
    "proactive_reply_pushes", "Agents' messages by what came of their push.", ["outcome"]
)
WAKE_UPS_LOST = Counter(
    "proactive_reply_wake_ups_lost", "Wake-ups for such pushes that the broker did not take."
)
