"""What every test may use: real PostgreSQL, real Valkey, the wiring of Celery."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

import proactive_site.celery  # noqa: F401 -- binds the tasks to the test's broker


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture
def loopback_egress(settings: Any) -> None:
    """Lets push proxies and key sets live on this machine, without TLS."""
    settings.EGRESS_ALLOW_HTTP = True
    settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.0/8"]
