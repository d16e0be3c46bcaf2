#!/usr/bin/env python
"""Django's command line."""

import os
import sys

from django.core.management import execute_from_command_line

import proactive_site.celery  # noqa: F401 -- binds the tasks to this installation's broker

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proactive_site.settings")
    execute_from_command_line(sys.argv)
