"""What a machine may lack: a test that wants it says so and is left out, and fails in CI."""

import os
from typing import NoReturn

import pytest


def leave_out(missing: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
