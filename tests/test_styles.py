"""Every colour and length that a style sheet names is a token that there is."""

import re
from pathlib import Path

CSS = sorted((Path(__file__).parents[1] / "static/css").glob("*.css"))


def test_every_variable_that_is_used_is_given() -> None:
    text = "\n".join(sheet.read_text() for sheet in CSS)
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", text))
    given = set(re.findall(r"(--[a-z0-9-]+)\s*:", text))

    assert used - given == set()
