"""S3: nothing that would take what people wrote for markup is in the tree."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Each takes a text for markup; `format_html`, which escapes what it is given, does not.
BANNED = re.compile(r"mark_safe|\|\s*safe\b|safeseq|\.innerHTML|\.outerHTML\s*=|insertAdjacentHTML")


def sources() -> Iterator[Path]:
    yield from ROOT.glob("templates/**/*.*")
    yield from ROOT.glob("static/js/**/*.js")
    yield from ROOT.glob("web_sdk/**/*.js")
    for app in ("accounts", "campaigns", "common", "console", "consumers", "conversations"):
        yield from ROOT.glob(f"{app}/**/*.py")
    for app in ("deflection", "handoffs", "lab", "proactive_site", "push", "webhooks"):
        yield from ROOT.glob(f"{app}/**/*.py")


def test_nothing_is_called_safe_that_people_wrote() -> None:
    found = [str(path.relative_to(ROOT)) for path in sources() if BANNED.search(path.read_text())]

    assert found == []


def test_no_page_goes_without_escaping() -> None:
    pages = ROOT.glob("templates/**/*.html")

    assert [str(page) for page in pages if "autoescape off" in page.read_text()] == []


def test_no_page_has_script_or_style_of_its_own() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", re.IGNORECASE)
    pages = ROOT.glob("templates/**/*.html")

    assert [str(page) for page in pages if inline.search(page.read_text())] == []
