"""G4: every page of the console, wide and on a phone, light and dark: axe, overflow, keyboard."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.axe import violations
from tests.pages import LOOKS, PageRoute

each_page = pytest.mark.parametrize("route", LOOKS, ids=str)
KEYS = (Path(__file__).parent / "keyboard.js").read_text()
SIZES = ((1440, 900), (320, 700))


@each_page
def test_a_page_is_accessible_in_both_themes_and_widths(route: PageRoute, opened: Any) -> None:
    page = opened(route)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert violations(page) == [], f"{width} px, {scheme}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@each_page
def test_all_that_can_be_pressed_is_reached_by_tab_and_seen_to_be(
    route: PageRoute, opened: Any
) -> None:
    page = opened(route)
    keys = page.evaluate_handle(KEYS)
    wanted = keys.evaluate("keys => keys.mark()")

    reached = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        focus = keys.evaluate("keys => keys.focused()")
        if focus is not None:
            assert focus["hasRing"], focus["html"]
            reached.add(focus["mark"])

    assert len(reached - {None}) == wanted
