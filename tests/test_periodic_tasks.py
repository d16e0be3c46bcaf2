"""What beat calls is there."""

from django.conf import settings

from proactive_site.celery import app


def test_every_periodic_task_is_one_of_the_product():
    app.loader.import_default_modules()
    periodic = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert len(periodic) > 5
    assert periodic <= set(app.tasks)
