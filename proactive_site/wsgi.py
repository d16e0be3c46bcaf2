"""The WSGI application that gunicorn serves."""

import os

from django.core.management.base import BaseCommand
from django.core.wsgi import get_wsgi_application

import proactive_site.celery  # noqa: F401 -- binds the tasks to this installation's broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proactive_site.settings")
application = get_wsgi_application()
# What manage.py refuses to start with, gunicorn would find out at a request.
BaseCommand().check()
