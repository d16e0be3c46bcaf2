import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from celery import current_app

from accounts import throttle


@pytest.fixture
def eager() -> Iterator[None]:
    """Tasks run where they are started."""
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = False


@pytest.fixture(autouse=True)
def _one_window_of_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's count begins anew because a test goes over the end of a quarter of an hour."""
    began = time.time()
    monkeypatch.setattr(throttle, "time", SimpleNamespace(time=lambda: began))
