"""Schemathesis against a real server: no 5xx, no undocumented status, no ignored authentication."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.world import bound_document, make_world
from tests.live import live_stack

# `script/fuzz` asks for more, and for another seed.
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "3")
SEED = os.environ.get("FUZZ_SEED", "1")


@pytest.mark.django_db(transaction=True)
def test_server_does_what_its_document_says(tmp_path: Path) -> None:
    world = make_world()
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(bound_document(world)))
    config = tmp_path / "schemathesis.toml"
    config.write_text(world.config())

    with live_stack(tmp_path) as stack:
        stack.start("web")
        stack.wait_until_ready()
        done = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis",
                "--config-file",
                config,
                "run",
                document,
                f"--url={stack.url}",
                "--checks=all",
                f"--max-examples={EXAMPLES}",
                f"--seed={SEED}",
                "--generation-database=none",
                "--no-color",
                "--continue-on-failure",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    assert done.returncode == 0, done.stdout + done.stderr
