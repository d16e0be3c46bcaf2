"""Wiring: settings, URLs, Celery, and the supervisor of a fresh machine."""
