"""A stub as other processes meet it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running(module: str, *options: object) -> Iterator[str]:
    """Run `python -m tests.providers.<module>`; gives the URL that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"tests.providers.{module}", *map(str, options)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=10)
