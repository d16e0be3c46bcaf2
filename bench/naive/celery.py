"""A Celery application of its own, on the same broker."""

from celery import Celery

app = Celery("naive")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["bench.naive"])
