"""Deque's axe-core, run in the page: what it finds against WCAG 2.2 AA."""

from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

_SOURCE = (files("axe_playwright_python") / "axe.min.js").read_text()
_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}


# What another colour scheme can break.
_COLOURS = _RULES | {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


def violations(page: Page, *, of_colours: bool = False) -> list[str]:
    """A line for each element that breaks a rule; of all rules, or of those about colours."""
    # Through the debugger: the pages' own policy lets no such script in.
    if not page.evaluate("'axe' in window"):
        page.evaluate(_SOURCE)
    rules = _COLOURS if of_colours else _RULES
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, rules)", rules)
    return [
        f"{rule['id']}: {node['html']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
