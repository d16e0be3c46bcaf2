"""The same middleware, authentication, log and database as the product, and Celery as it comes."""

from kombu import Queue

from proactive_site.settings import *  # noqa: F403
from proactive_site.settings import INSTALLED_APPS as PRODUCT

INSTALLED_APPS = [*PRODUCT, "bench.naive"]
ROOT_URLCONF = "bench.naive.urls"
WSGI_APPLICATION = "bench.naive.wsgi.application"
CELERY_TASK_DEFAULT_QUEUE = "naive"
CELERY_TASK_QUEUES = [Queue("naive")]
CELERY_BEAT_SCHEDULE = {}
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
# Kind to it: the product's tasks are logged, each with its request's id.
DJANGO_STRUCTLOG_CELERY_ENABLED = False
