"""The Celery application: it carries wake-ups, never work."""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_ready
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proactive_site.settings")

app = Celery("proactive")
app.steps["worker"].add(DjangoStructLogInitStep)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_logging(**kwargs: Any) -> None:
    """Keep settings.LOGGING: Celery would set a level at which workers log nothing."""


# New objects after which Python looks for cycles among them; 700 unless told.
YOUNG_OBJECTS = 50_000


@worker_process_init.connect
def look_for_cycles_less_often(**kwargs: Any) -> None:
    """A batch makes many objects that all go by their reference counts: looking through them again
    and again for cycles, and through all that was imported, took a tenth of a worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)


@worker_ready.connect
def beat_at_once(**kwargs: Any) -> None:
    """A new worker shows that it works without waiting for beat's next round."""
    app.send_task("campaigns.tasks.heartbeat")
