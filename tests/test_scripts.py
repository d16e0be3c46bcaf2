"""The scripts that a person types, and the packages that they install."""

import os
import re
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted([*CHECKOUT.glob("script/*"), CHECKOUT / ".ci/run"])
PIN = re.compile(r"^([a-z0-9.-]+==\S+)", re.MULTILINE)


def test_every_verb_has_its_script() -> None:
    verbs = {script.name for script in SCRIPTS}

    expected = "setup server demo test check bench chaos lock fuzz screenshots run"
    assert verbs == set(expected.split())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_script_is_executable_and_parses_as_posix_shell(script: Path) -> None:
    done = subprocess.run(["sh", "-n", script], capture_output=True, text=True, check=False)

    assert os.access(script, os.X_OK)
    assert (done.returncode, done.stderr) == (0, "")
    assert script.read_text().startswith("#!/bin/sh\n")


def test_setup_that_has_nothing_to_do_says_nothing_and_works_from_anywhere(tmp_path: Path) -> None:
    setup = CHECKOUT / "script/setup"
    subprocess.run([setup], cwd=tmp_path, capture_output=True, check=True)

    again = subprocess.run([setup], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert (again.stdout, again.stderr) == ("", "")


def test_setup_names_the_python_that_it_needs(tmp_path: Path) -> None:
    (tmp_path / "script").mkdir()
    (tmp_path / "script/setup").write_text((CHECKOUT / "script/setup").read_text())
    only_tools = tmp_path / "bin"
    only_tools.mkdir()
    for tool in ("dirname", "cksum"):
        (only_tools / tool).symlink_to(f"/usr/bin/{tool}")

    done = subprocess.run(
        ["/bin/sh", tmp_path / "script/setup"],
        env={"PATH": str(only_tools)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.11 or newer is needed; install it, or name it:")
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_pins_carry_hashes_and_no_registrys_address(name: str) -> None:
    text = (CHECKOUT / name).read_text()
    pinned = PIN.split(text)[1:]

    assert "://" not in text
    assert [
        pin for pin, rest in zip(pinned[::2], pinned[1::2], strict=True) if "--hash=" not in rest
    ] == []


def test_tests_run_on_the_versions_that_production_installs() -> None:
    production = set(PIN.findall((CHECKOUT / "requirements.txt").read_text()))

    assert production
    assert production - set(PIN.findall((CHECKOUT / "requirements-dev.txt").read_text())) == set()
