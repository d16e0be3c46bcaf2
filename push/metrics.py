"""What Prometheus sees of pushing."""

from prometheus_client import Counter

PUSHES = Counter("proactive_pushes", "Pushes by provider and outcome.", ["provider", "outcome"])
