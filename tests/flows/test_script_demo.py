"""script/demo: the main job on an installation of its own, from nothing to nothing."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
STEPS = ["Token", "Campaign", "Push", "Tap", "Reply", "Conversation", "Skill", "Second call"]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Short enough for sockets, and open to whoever runs PostgreSQL for root."""
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def processes_that_know(word: str) -> list[str]:
    """Command lines of the processes with this word in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_script_demo_does_the_main_job_and_leaves_nothing(temporary: Path) -> None:
    done = subprocess.run(
        [CHECKOUT / "script/demo"],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )

    lines = done.stdout.splitlines()
    held = [line[2:15].rstrip() for line in lines if line.startswith("✓ ")]
    assert (done.returncode, held) == (0, STEPS), done.stdout + done.stderr
    assert max(len(line) for line in lines) <= 100
    assert list(temporary.iterdir()) == []
    if sys.platform == "linux":
        assert processes_that_know(str(temporary)) == []
