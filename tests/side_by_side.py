"""Tests on several cores: each process of pytest-xdist has a database of its own in Valkey, as
pytest-django gives it one in PostgreSQL. Loaded before the settings are read."""

import os

# What each is asked for in its own way.
_DATABASE_OF = {"REDIS_URL": "db", "CELERY_BROKER_URL": "virtual_host"}


def _take_own_valkey(worker: str) -> None:
    number = 1 + int(worker.removeprefix("gw"))
    for name, word in _DATABASE_OF.items():
        url = os.environ[name]
        joint = "&" if "?" in url else "?"
        os.environ[name] = f"{url}{joint}{word}={number}"


if "PYTEST_XDIST_WORKER" in os.environ:
    _take_own_valkey(os.environ["PYTEST_XDIST_WORKER"])
