"""The call that a page prints, as a person would copy it."""

import html
import re


def programs_of(page: str) -> dict[str, str]:
    """What stands in each of its tabs."""
    found = re.findall('<pre data-tab="([a-z]+)"[^>]*>(.*?)</pre>', page, re.DOTALL)
    return {tab: html.unescape(re.sub("<[^>]+>", "", code)) for tab, code in found}
