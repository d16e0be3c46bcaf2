"""Runs the calls that the pages print, as whoever copied them would."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from handoffs.programs import CONSUMER, SECRET
from tests.live import PYTHON
from tests.needs import leave_out

RUNNERS: Mapping[str, tuple[str, str]] = {
    "curl": ("sh", "call.sh"),
    "py": (PYTHON, "call.py"),
    "js": ("node", "call.mjs"),
}


def filled(code: str, *, secret: str, consumer: str) -> str:
    """The program with what stands in capitals filled in."""
    return code.replace(SECRET, secret).replace(CONSUMER, consumer)


def runnable() -> list[str]:
    """The languages that this machine has: without Node, say, the JavaScript is not run."""
    tabs = [tab for tab, (command, _) in RUNNERS.items() if shutil.which(command)]
    if os.environ.get("CI") == "true":
        assert tabs == list(RUNNERS), "NOT ALL LANGUAGES: a program that a page prints was not run."
    return [tab for tab in tabs if tab != "curl" or shutil.which("curl")]


def skip_without_curl() -> None:
    if shutil.which("curl") is None:
        leave_out("NO CURL: the call that a page prints was not run.")


def run(tab: str, program: str, folder: Path) -> str:
    command, name = RUNNERS[tab]
    (folder / name).write_text(program)
    done = subprocess.run(
        [command, folder / name], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
