"""`.env.example` names every variable that the product reads, with its default."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
READERS = ("proactive_site/settings.py", "proactive_site/gunicorn.py")
# `NAME=` must be set; `# NAME=` shows the default.
LINE = re.compile(r"^(?P<optional># )?(?P<name>[A-Z][A-Z_]+)=(?P<value>.*)$")
NO_DEFAULT = object()


def calls() -> Iterator[tuple[str, str, object]]:
    """Function, variable and default of each reading; NO_DEFAULT for one that is worked out."""
    for reader in READERS:
        for node in ast.walk(ast.parse((CHECKOUT / reader).read_text())):
            match node:
                case ast.Call(func=func, args=[ast.Constant(value=str(name)), *rest]):
                    called = ast.unparse(func)
                    if re.fullmatch(r"required|listed|env\.[a-z]+|os\.environ\.get", called):
                        yield called, name, default_of(node, rest)


def default_of(call: ast.Call, rest: list[ast.expr]) -> object:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "default"]
    try:
        return ast.literal_eval((named or rest)[0])
    except (IndexError, ValueError):
        return NO_DEFAULT


def lines() -> dict[str, re.Match[str]]:
    text = (CHECKOUT / ".env.example").read_text()
    found = [match for line in text.splitlines() if (match := LINE.match(line))]
    return {match["name"]: match for match in found}


def as_written(default: object) -> str:
    if isinstance(default, list | dict):
        return ",".join(default)
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_variable_that_is_read_stands_in_the_example_and_no_other() -> None:
    read = {name for _, name, _ in calls()}

    assert len(read) > 30
    assert set(lines()) == read


def test_variables_that_must_be_set_are_not_comments() -> None:
    required = {name for called, name, _ in calls() if called == "required"}
    set_by_hand = {name for name, line in lines().items() if not line["optional"]}

    assert required <= set_by_hand


def test_the_example_shows_the_defaults() -> None:
    shown = {name: line["value"] for name, line in lines().items()}
    defaults = {
        name: as_written(default)
        for called, name, default in calls()
        if called != "required" and default is not NO_DEFAULT
    }

    assert {name: shown[name] for name in defaults} == defaults


def test_every_variable_has_words_of_its_own() -> None:
    text = (CHECKOUT / ".env.example").read_text().splitlines()

    for before, line in zip(text, text[1:], strict=False):
        if LINE.match(line):
            assert before.startswith("# "), line
            assert not LINE.match(before), line


def test_product_starts_with_the_example_as_it_stands_and_the_required_ones_set() -> None:
    set_by_hand = {name: line["value"] for name, line in lines().items() if not line["optional"]}
    env = {name: value or os.environ[name] for name, value in set_by_hand.items()}

    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
