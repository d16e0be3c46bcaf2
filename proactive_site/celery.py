"""The Celery application: it carries wake-ups, never work."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_ready
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proactive_site.settings")

app = Celery("proactive")
app.steps["worker"].add(DjangoStructLogInitStep)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_logging(**kwargs: Any) -> None:
    """Keep settings.LOGGING: Celery would set a level at which workers log nothing."""


@worker_ready.connect
def beat_at_once(**kwargs: Any) -> None:
    """A new worker shows that it works without waiting for beat's next round."""
    app.send_task("campaigns.tasks.heartbeat")
