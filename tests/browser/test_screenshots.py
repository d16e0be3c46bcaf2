"""Pictures of the pages, for people to look at: script/screenshots."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.factories.lab import LabBrand
from tests.pages import LOOKS

SIZES = {
    "1440-light": (1440, "light"),
    "1440-dark": (1440, "dark"),
    "390": (390, "light"),
    "320": (320, "dark"),
}


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Path:
    chosen = request.config.getoption("--screenshots", default=None)
    if not chosen:
        # They make pictures for people, and test nothing: in CI as well there is nobody to look.
        pytest.skip("no --screenshots")
    return Path(chosen)


def test_screenshots_of_the_console(opened: Any, folder: Path) -> None:
    for number, route in enumerate(LOOKS):
        page = opened(route)
        for size, (width, scheme) in SIZES.items():
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.screenshot(path=folder / f"{number:02}-{route.view}-{size}.png", full_page=True)


@pytest.mark.parametrize("size", SIZES)
def test_screenshots_of_the_lab(
    page: Page, brand: LabBrand, lab_url: str, live_server: Any, folder: Path, size: str
) -> None:
    width, scheme = SIZES[size]
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    brand.phone("lab:busy", name="Mona", platform="web", label="Mona’s browser")
    brand.phone("amir", name="Amir", label="Amir’s iPhone", os_version="19.1")
    brand.send(
        {
            "ingrid": "Hi Ingrid, your new Larkfield card is on its way 💳 Choose your PIN before "
            "Friday 27 November. Reply here if the address has changed.",
            "kola": "Hi Kola, your new Larkfield card is on its way 💳 Reply here if the address "
            "has changed.",
            "leila": "مرحبًا ليلى، بطاقتك الجديدة في الطريق 💳 اختاري رقمك السري قبل يوم الجمعة.",
            "lab:busy": "Hi Mona, your new Larkfield card is on its way 💳",
        }
    )
    page.goto(lab_url)
    kola = page.locator(".stand", has_text="Kola’s Pixel")
    kola.locator(".notif").click()
    kola.get_by_label("Reply on").fill("I moved 😅 Can you send it to Storgatan 12, Växjö?")
    kola.get_by_label("Reply on").press("Enter")
    kola.locator(".why").wait_for()
    page.wait_for_timeout(1200)
    page.screenshot(path=folder / f"lab-{size}.png", full_page=True)
    page.goto(f"{lab_url}phones/new/")
    page.screenshot(path=folder / f"add-{size}.png", full_page=True)
    page.goto(f"{live_server.url}/sign-in/")
    page.screenshot(path=folder / f"sign-in-{size}.png", full_page=True)
