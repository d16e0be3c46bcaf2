"""Whether the installation is alive, whether it can work, and how it is doing."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from kombu import Connection
from kombu.exceptions import KombuError
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from redis import RedisError

from campaigns.metrics import QueueCollector
from campaigns.models import Heartbeat
from push.metrics import BreakerCollector

# Three beats of settings.CELERY_BEAT_SCHEDULE["heartbeat"] may be missed.
WORKER_SILENCE = timedelta(seconds=35)


def health(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> HttpResponse:
    """Database, broker and a worker: 200 when all work, else 503 naming what does not."""
    checks = {name: check() for name, check in CHECKS.items()}
    is_ready = all(state == "ok" for state in checks.values())
    body = {"status": "ok" if is_ready else "unavailable", "checks": checks}
    response = JsonResponse(body, status=200 if is_ready else 503)
    if not is_ready:
        response.headers["Retry-After"] = "5"
    return response


def _check_database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return "no connection"
    return "ok"


def _check_broker() -> str:
    options = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
    try:
        with Connection(settings.CELERY_BROKER_URL, transport_options=options) as broker:
            broker.ensure_connection(max_retries=1, timeout=1)
    except (OSError, RedisError, KombuError):
        return "no connection"
    return "ok"


def _check_worker() -> str:
    try:
        beat = Heartbeat.objects.filter(name="worker").first()
    except Error:
        return "not known"
    if beat is None:
        return "no worker was seen yet"
    silence = timezone.now() - beat.at
    return "ok" if silence < WORKER_SILENCE else f"silent for {int(silence.total_seconds())} s"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _check_database,
    "broker": _check_broker,
    "worker": _check_worker,
}


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, summed over the processes of this host."""
    if settings.PROMETHEUS_MULTIPROC_DIR:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry = REGISTRY
    stored = CollectorRegistry()
    stored.register(QueueCollector())
    stored.register(BreakerCollector())
    body = generate_latest(registry) + generate_latest(stored)
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)
