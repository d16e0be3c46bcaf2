"""Schemathesis with every check against a real server: the document says what the server does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.binding import bound_document
from tests.fuzz.world import make_world
from tests.live import live_stack

# `script/fuzz` asks for more, and for another seed.
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "1")
SEED = os.environ.get("FUZZ_SEED", "1")
HOOKS = Path(__file__).with_name("hooks.py")
CONFIG = """
hooks = "{hooks}"

[auth.openapi.brandToken]
bearer = "{world.brand_token}"
[auth.openapi.consumerToken]
bearer = "{world.consumer_token}"
[auth.openapi.widgetToken]
bearer = "{world.widget_token}"
[auth.openapi.clientBasic]
username = "{world.client.client_id}"
password = "{world.client.secret}"

# P5 refuses U+0000 anywhere in a body, which no schema of unknown fields can say;
# tests/test_hostile_bodies.py sends it.
[generation]
allow-x00 = false

# An operation that answers nothing but 404, 400 or 429 is not tested.
[warnings]
fail-on = true

# What is good may be gone by now, or not go with the present state.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "404", "409"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "404", "405", "409", "411", "415", "422"]
"""


@pytest.mark.django_db(transaction=True)
def test_server_does_what_its_document_says(tmp_path: Path) -> None:
    world = make_world()
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(bound_document(world)))
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.format(hooks=HOOKS, world=world))

    # A stream is read to its end.
    patient = {"CONSUMER_REQUESTS": "1000000", "LIVE_STREAM_SECONDS": "0.1"}
    with live_stack(tmp_path, **patient) as stack:
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
