"""What every test may use: real PostgreSQL, real Valkey, the wiring of Celery."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

import proactive_site.celery  # noqa: F401 -- binds the tasks to the test's broker


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    cache.clear()
