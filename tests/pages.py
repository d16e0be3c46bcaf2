"""Every page of the console: where it is, who may open it, and what it is called in pictures."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import get_resolver, reverse

from accounts.roles import MANAGE_HANDOFFS, VIEW_CAMPAIGNS
from tests.world import World

Named = Callable[[World], Mapping[str, Any]]


def _nothing(world: World) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class PageRoute:
    """``view`` is its name in the URLconf; ``permission`` lets somebody in. ``ok`` answers them.

    ``kwargs`` are what its path names besides the account; ``looks`` is False for answers that are
    no page of their own: parts, files, redirects.
    """

    view: str
    permission: str
    method: str = "GET"
    ok: int = 200
    query: str = ""
    kwargs: Named = _nothing
    looks: bool = True

    def __str__(self) -> str:
        return f"{self.method} {self.view}{self.query and '?'}{self.query}"

    @property
    def picture(self) -> str:
        """What its picture is called."""
        words = f"{self.view} {self.query}".strip()
        return re.sub(r"[^a-z0-9]+", "-", words.lower())

    @property
    def has_object(self) -> bool:
        """Whether its path names something of the brand."""
        return self.kwargs is not _nothing

    def url(self, world: World, **changed: Any) -> str:
        named = {"account_number": world.account.number, **self.kwargs(world), **changed}
        query = self.query and f"?{self.query}"
        return f"{reverse(self.view, kwargs=named)}{query}"


def _handoff(world: World) -> Mapping[str, Any]:
    return {"handoff_id": world.brand.handoff.public_id}


def _draft(world: World) -> Mapping[str, Any]:
    return {"draft_id": world.draft.pk}


def _at_step(step: str) -> Named:
    return lambda world: {"draft_id": world.draft.pk, "step": step}


PAGES: list[PageRoute] = [
    PageRoute("open_account", VIEW_CAMPAIGNS, ok=302, looks=False),
    PageRoute("analytics_page", VIEW_CAMPAIGNS),
    PageRoute("analytics_csv", VIEW_CAMPAIGNS, looks=False),
    PageRoute("handoff_list", MANAGE_HANDOFFS),
    PageRoute("handoff_new", MANAGE_HANDOFFS),
    PageRoute("handoff_new", MANAGE_HANDOFFS, "POST"),
    PageRoute("handoff_preview", MANAGE_HANDOFFS, "POST"),
    PageRoute("handoff_draft", MANAGE_HANDOFFS, ok=302, kwargs=_draft, looks=False),
    PageRoute("handoff_step", MANAGE_HANDOFFS, kwargs=_at_step("channel")),
    PageRoute("handoff_step", MANAGE_HANDOFFS, kwargs=_at_step("message")),
    PageRoute("handoff_step", MANAGE_HANDOFFS, "POST", kwargs=_at_step("message")),
    PageRoute("handoff_step", MANAGE_HANDOFFS, kwargs=_at_step("rules")),
    PageRoute("handoff_step", MANAGE_HANDOFFS, kwargs=_at_step("review")),
    PageRoute("handoff_step", MANAGE_HANDOFFS, "POST", kwargs=_at_step("review")),
    PageRoute("handoff_draft_drop", MANAGE_HANDOFFS, kwargs=_draft),
    PageRoute("handoff_draft_drop", MANAGE_HANDOFFS, "POST", ok=302, kwargs=_draft),
    PageRoute("handoff_page", MANAGE_HANDOFFS, kwargs=_handoff),
    PageRoute("handoff_done", MANAGE_HANDOFFS, kwargs=_handoff),
    PageRoute("handoff_edit", MANAGE_HANDOFFS, kwargs=_handoff),
    PageRoute("handoff_edit", MANAGE_HANDOFFS, "POST", kwargs=_handoff),
    PageRoute("handoff_test", MANAGE_HANDOFFS, kwargs=_handoff),
    PageRoute("handoff_test", MANAGE_HANDOFFS, "POST", kwargs=_handoff),
    PageRoute("handoff_duplicate", MANAGE_HANDOFFS, "POST", ok=302, kwargs=_handoff),
    PageRoute("handoff_archive", MANAGE_HANDOFFS, kwargs=_handoff),
    PageRoute("handoff_archive", MANAGE_HANDOFFS, "POST", ok=302, kwargs=_handoff),
]
# Those that a browser shows, for axe and the pictures.
LOOKS = [page for page in PAGES if page.looks and page.method == "GET"]


def console_views() -> Iterator[str]:
    """The names of all views under account/<account_number>/."""
    for pattern in get_resolver().url_patterns:
        if str(pattern.pattern).startswith("^account/"):
            names = [pattern.name] if hasattr(pattern, "name") else _names(pattern.url_patterns)
            yield from names


def _names(patterns: list[Any]) -> Iterator[str]:
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _names(pattern.url_patterns)
        else:
            yield pattern.name
