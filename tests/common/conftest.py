"""Redis as it can be: there, silent, stopped, gone."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaigns.conftest import api, brand  # noqa: F401 -- fixtures
from tests.live import Stack, live_stack, own_valkey


@pytest.fixture
def silent_redis() -> Iterator[str]:
    """The path of a socket that takes connections and never says a word."""
    with tempfile.TemporaryDirectory(prefix="rd") as folder, socket.socket(socket.AF_UNIX) as door:
        path = Path(folder) / "s"
        door.bind(str(path))
        door.listen(100)
        yield str(path)


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Stack]:
    """A Valkey of the test's own, to be stopped, killed and started again."""
    with live_stack(tmp_path) as stack, own_valkey(stack):
        yield stack
