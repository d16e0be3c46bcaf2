from collections.abc import Iterator

import pytest
from celery import current_app


@pytest.fixture
def eager() -> Iterator[None]:
    """Tasks run where they are started."""
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = False
