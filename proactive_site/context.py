"""What every page's frame shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import Account
from accounts.permissions import permissions_on
from accounts.roles import ADMINISTER, ANSWER_CONVERSATIONS, MANAGE_HANDOFFS, VIEW_CAMPAIGNS
from conversations.queue import count_waiting


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation. ``short`` is its word where there is little room; ``count`` says
    how much waits there."""

    label: str
    icon: str
    url: str
    is_current: bool
    short: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class _Link:
    label: str
    icon: str
    view: str
    permission: str
    short: str = ""


# Relative to a brand. A place is current wherever the path begins with its own.
PLACES: Sequence[_Link] = (
    _Link("Campaigns", "send", "campaign_list", VIEW_CAMPAIGNS),
    _Link("API Handoffs", "plug", "handoff_list", MANAGE_HANDOFFS, short="Handoffs"),
    _Link("Analytics", "chart", "analytics_page", VIEW_CAMPAIGNS),
    _Link("Consumers", "people", "consumer_list", VIEW_CAMPAIGNS),
    _Link("Settings", "sliders", "settings", VIEW_CAMPAIGNS),
)
# The list beside each page of the settings.
SETTINGS: Sequence[_Link] = (
    _Link("API", "", "settings_api", VIEW_CAMPAIGNS),
    _Link("Webhooks", "", "settings_webhooks", VIEW_CAMPAIGNS),
    _Link("Apps and push", "", "settings_apps", VIEW_CAMPAIGNS),
    _Link("Skills", "", "settings_skills", VIEW_CAMPAIGNS),
    _Link("People", "", "settings_people", VIEW_CAMPAIGNS),
    _Link("Identity provider", "", "settings_identity", VIEW_CAMPAIGNS),
    _Link("Widgets", "", "settings_widgets", VIEW_CAMPAIGNS),
    _Link("Limits and welcome", "", "settings_limits", VIEW_CAMPAIGNS),
    _Link("Audit log", "", "settings_audit", ADMINISTER),
)


class Frame:
    """Read by templates only, so nothing is asked of the database unless a template shows it."""

    version = settings.VERSION

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def theme(self) -> str:
        """What the theme button chose; empty follows the system."""
        chosen = self._request.COOKIES.get("theme", "")
        return chosen if chosen in {"light", "dark"} else ""

    @cached_property
    def accounts(self) -> list[Account]:
        """The brands of who is signed in, in the order of joining them."""
        user = self._request.user
        if not user.is_authenticated:
            return []
        joined = Account.objects.filter(memberships__user=user).order_by("memberships__id")
        return list(joined[:50])

    @property
    def has_several_accounts(self) -> bool:
        """Whether there is a brand to switch to."""
        known = getattr(self.account, "has_siblings", None)
        return len(self.accounts) > 1 if known is None else bool(known)

    @cached_property
    def account(self) -> Account | None:
        """The brand that the page is of, if it is one of the user's; else the first of these."""
        if brand := getattr(self._request, "brand", None):
            found: Account = brand[0]
            return found
        match = self._request.resolver_match
        number = match.kwargs.get("account_number") if match else None
        named = [account for account in self.accounts if account.number == number]
        return next(iter(named or self.accounts), None)

    @cached_property
    def permissions(self) -> frozenset[str]:
        if brand := getattr(self._request, "brand", None):
            found: frozenset[str] = brand[1]
            return found
        account = self.account
        return permissions_on(self._request.user, account) if account else frozenset()

    @property
    def sign_in_url(self) -> str:
        back = urlencode({"next": self._request.get_full_path()})
        return f"{settings.LOGIN_URL}?{back}"

    @property
    def places(self) -> list[Place]:
        return self._places(PLACES)

    @property
    def settings(self) -> list[Place]:
        return self._places(SETTINGS)

    @property
    def tools(self) -> list[Place]:
        """What is apart from the five places."""
        tools = []
        if self.account and ANSWER_CONVERSATIONS in self.permissions:
            tools.append(self._workspace(self.account))
        if self._can_open_lab():
            tools.append(self._tool("Push lab", "phone", reverse("lab:home")))
        if self._request.user.is_staff:
            tools.append(self._tool("Django admin", "key", reverse("admin:index")))
        return tools

    def _can_open_lab(self) -> bool:
        if settings.LAB != "members":
            return bool(settings.LAB == "open")
        return VIEW_CAMPAIGNS in self.permissions

    def _places(self, links: Sequence[_Link]) -> list[Place]:
        account, path = self.account, self._request.path
        if account is None:
            return []
        places = []
        for link in links:
            if link.permission in self.permissions:
                url = reverse(link.view, args=[account.number])
                places.append(Place(link.label, link.icon, url, path.startswith(url), link.short))
        return places

    def _workspace(self, account: Account) -> Place:
        url = reverse("workspace", args=[account.number])
        user = self._request.user
        waiting = count_waiting(account, user, self.permissions) if user.is_authenticated else 0
        return self._tool("Workspace", "chat", url, count=waiting)

    def _tool(self, label: str, icon: str, url: str, *, count: int = 0) -> Place:
        return Place(label, icon, url, self._request.path.startswith(url), count=count)


def frame(request: HttpRequest) -> dict[str, Any]:
    return {"frame": Frame(request)}
