"""G4: every page of the console, wide and on a phone, light and dark: axe, overflow, keyboard."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.axe import violations
from tests.pages import LOOKS

KEYS = (Path(__file__).parent / "keyboard.js").read_text()
LAYOUT = (Path(__file__).parent / "layout.js").read_text()
SIZES = ((1440, 900), (320, 700))
# Several pages of one world in each test: a world takes longer to make than a page.
PARTS = 6


@pytest.mark.parametrize("part", range(PARTS))
def test_pages_are_accessible_in_both_themes_and_widths_and_by_keyboard(
    part: int, opened: Any
) -> None:
    faults = []
    for number, route in enumerate(LOOKS[part::PARTS]):
        page = opened(route)
        found = (*keyboard_faults(page), *axe_faults(page, dark=SIZES[number % 2]))
        faults += [f"{route}: {fault}" for fault in found]

    assert faults == []


def axe_faults(page: Page, *, dark: tuple[int, int]) -> Iterator[str]:
    """All rules in both sizes, and colours of the dark scheme in one of them: what the pages share
    is looked at in both."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark") if (width, height) == dark else ("light",):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for found in violations(page, of_colours=scheme == "dark"):
                yield f"{width} px, {scheme}: {found}"
        if page.evaluate("document.documentElement.scrollWidth") > width:
            yield f"{width} px: scrolls sideways"
        yield from (f"{width} px: {fault}" for fault in page.evaluate(LAYOUT))


def keyboard_faults(page: Page) -> Iterator[str]:
    """All that can be pressed is reached by Tab, and seen to be."""
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    keys = page.evaluate_handle(KEYS)
    wanted = keys.evaluate("keys => keys.mark()")
    reached = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        focus = keys.evaluate("keys => keys.focused()")
        if focus is None:
            continue
        reached.add(focus["mark"])
        if not focus["hasRing"]:
            yield f"no ring on {focus['html']}"
    if len(reached - {None}) != wanted:
        yield f"Tab reaches {len(reached - {None})} of {wanted}"
