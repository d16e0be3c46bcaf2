"""The demo brand on real processes: gunicorn, a worker, the sweep, PostgreSQL and Valkey."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from lab.brand import Secrets
from lab.caller import Caller
from tests.browser.conftest import base_url, browser_type_launch_args  # noqa: F401 -- fixtures
from tests.live import PYTHON, ROOT, Stack, live_stack


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The static files as production serves them, in a folder that nobody else collects into."""
    folder = str(tmp_path_factory.mktemp("static"))
    command = (PYTHON, "manage.py", "collectstatic", "--no-input", "--verbosity", "0")
    subprocess.run(command, cwd=ROOT, env={**os.environ, "STATIC_ROOT": folder}, check=True)
    return folder


@pytest.fixture
def stack(transactional_db: None, tmp_path: Path, collected: str) -> Iterator[Stack]:
    call_command("load_demo")
    with live_stack(tmp_path, LAB="open", STATIC_ROOT=collected) as stack:
        stack.start("web", "worker", "sweep")
        stack.wait_until_ready()
        yield stack


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return Caller(stack.url, Secrets.read(os.environ))
