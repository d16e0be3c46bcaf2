"""script/chaos, the smaller run: everything that can be killed is killed, the promise holds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LAST_LINE = re.compile(r"recipients=5000 faults=(\d+) lost=0 shown_twice=0 extra=(\d+)")
OPTIONS = {"recipients": 5000, "workers-killed": 5, "valkey-killed": 2, "postgres-crashed": 2}


@pytest.mark.chaos
def test_five_thousand_survive_killed_workers_a_killed_valkey_and_a_crashed_postgresql() -> None:
    """D1, D5, D8, D10, D11, D13, I1-I3, I6, I8, I9."""
    words = [word for name, value in OPTIONS.items() for word in (f"--{name}", str(value))]

    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.big_run", *words],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=180,
    )

    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    found = LAST_LINE.fullmatch(done.stdout.splitlines()[-1])
    assert found is not None, done.stdout
    assert int(found[1]) == 9
