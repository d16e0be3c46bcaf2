"""The demo brand on real processes: gunicorn, a worker, the sweep, PostgreSQL and Valkey."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from lab.brand import Secrets
from lab.caller import Caller
from tests.browser.conftest import base_url, browser_type_launch_args  # noqa: F401 -- fixtures
from tests.live import Stack, live_stack


@pytest.fixture
def stack(transactional_db: None, tmp_path: Path) -> Iterator[Stack]:
    call_command("load_demo")
    with live_stack(tmp_path, LAB="open") as stack:
        stack.start("web", "worker", "sweep")
        stack.wait_until_ready()
        yield stack


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return Caller(stack.url, Secrets.read(os.environ))
