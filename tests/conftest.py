"""What every test may use: real PostgreSQL, real Valkey, the wiring of Celery."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache
from django.core.management.commands import flush
from django.db import connection, transaction
from django.test import override_settings

import proactive_site.celery  # noqa: F401 -- binds the tasks to the test's broker

# Whole products and faults come first, one after the other in one process, browsers in another;
# what is left then is short, and any process takes some of it.
PRODUCTS = ("chaos", "fuzz", "flows", "test_embedded.py")
BROWSERS = ("browser",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    products, others = _apart(items, PRODUCTS)
    browsers, short = _apart(others, BROWSERS)
    # Each process begins with as many as the others, in this order.
    share = max(len(items) // processes - len(products), 0)
    items[:] = [*products, *short[:share], *browsers, *short[share:]]


def _apart(
    items: list[pytest.Item], areas: Sequence[str]
) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Those of the areas, in the order of these, and the others."""
    folder = Path(__file__).parent

    def area(item: pytest.Item) -> str:
        return item.path.relative_to(folder).parts[0]

    found = [item for one in areas for item in items if area(item) == one]
    return found, [item for item in items if area(item) not in areas]


@pytest.fixture(scope="session", autouse=True)
def _uncollected_static_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Pages name static files as they stand in the source, whoever runs collectstatic meanwhile."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = {**configured.STORAGES, "staticfiles": plain}
    with override_settings(STATIC_ROOT=tmp_path_factory.mktemp("static"), STORAGES=storages):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A browser's last request may still hold a connection in the thread that answered it: the
    database could not be dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


# What migrations put there.
KEPT_TABLES = {"django_content_type", "auth_permission", "django_migrations"}


@pytest.fixture(scope="session", autouse=True)
def _quick_flush() -> Iterator[None]:
    """After a test that commits, what it left is taken away, but not what Django would put back
    row by row."""

    def emptying(style: Any, given: Any, **options: Any) -> list[str]:
        tables = set(given.introspection.django_table_names(only_existing=True)) - KEPT_TABLES
        return list(given.ops.sql_flush(style, sorted(tables), **options))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", emptying)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *args, **options: None)
        yield


@pytest.fixture(scope="module")
def kept_rows(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What fixtures of a file make while this is open is there for each of its tests; what a test
    changes is taken back after it. Not for tests that commit."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture(scope="session", autouse=True)
def _patience_with_one_consumer() -> Iterator[None]:
    """Tests say at once what an app says in a day."""
    with override_settings(CONSUMER_REQUESTS=1_000_000):
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Argon2 as ever, with as little work as it takes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"time_cost": 1, "memory_cost": 8, "parallelism": 1}.items():
            patch.setattr(Argon2PasswordHasher, name, value)
        yield


@pytest.fixture
def loopback_egress(settings: Any) -> None:
    """Lets push proxies and key sets live on this machine, without TLS."""
    settings.EGRESS_ALLOW_HTTP = True
    settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.0/8"]
