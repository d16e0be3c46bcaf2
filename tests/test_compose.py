"""J2: compose.yaml and the image run the processes that docs/deploy.md tells of."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
SERVICES: dict[str, Any] = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())["services"]
IMAGE = (CHECKOUT / "Dockerfile").read_text()
DEPLOY = (CHECKOUT / "docs/deploy.md").read_text()
PROCESS = re.compile(r"^\| (web|worker|beat|sweep) \| `([^`]+)` \|", re.MULTILINE)
# Where beat keeps its schedule is the one thing that differs.
SCHEDULE = re.compile(r" (--pidfile=|--schedule \S+)")


def test_each_process_of_the_docs_is_a_service_that_runs_its_command():
    told = {name: SCHEDULE.sub("", command) for name, command in PROCESS.findall(DEPLOY)}
    run = {name: SCHEDULE.sub("", shlex.join(SERVICES[name]["command"])) for name in told}

    assert run == {
        name: command.replace("manage.py", "python manage.py", 1) for name, command in told.items()
    }
    assert len(told) == 4


def test_every_process_waits_for_the_migrations_and_has_the_same_settings():
    for name in ("web", "worker", "beat", "sweep"):
        service = SERVICES[name]
        assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert service["env_file"] == ".env"
        assert service["environment"].items() >= SERVICES["migrate"]["environment"].items()


def test_what_the_image_is_told_is_enough_to_collect_its_static_files(tmp_path: Path):
    [step] = re.findall(r"^RUN (SECRET_KEY=.*?collectstatic --no-input)$", IMAGE, re.M | re.S)
    words = shlex.split(step.replace("\\\n", " "))
    given = dict(word.split("=", 1) for word in words if "=" in word)
    command = [sys.executable, *words[len(given) + 1 :]]

    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "STATIC_ROOT": str(tmp_path), **given},
        capture_output=True,
        text=True,
        check=True,
    )

    assert re.search(r"\d+ static files copied", done.stdout)


@pytest.mark.parametrize(("path", "is_healthy"), [("/health", True), ("/nothing", False)])
def test_the_web_service_is_asked_for_its_health_by_a_host_that_it_knows(
    live_server: Any, settings: Any, path: str, is_healthy: bool
):
    settings.ALLOWED_HOSTS = ["proactive.example"]
    _, program, *rest = SERVICES["web"]["healthcheck"]["test"]
    asked = [word.replace("http://127.0.0.1:8000/health", f"{live_server}{path}") for word in rest]

    done = subprocess.run(
        [sys.executable, *asked],
        env={"ALLOWED_HOSTS": "proactive.example, 127.0.0.1"},
        capture_output=True,
        check=False,
    )

    assert program == "python"
    assert (done.returncode == 0) is is_healthy
