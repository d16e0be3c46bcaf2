"""What every page's frame shows."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import Account


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation."""

    label: str
    icon: str
    url: str
    is_current: bool


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
    def account(self) -> Account | None:
        """The brand of who is signed in."""
        user = self._request.user
        if not user.is_authenticated:
            return None
        return Account.objects.filter(memberships__user=user).order_by("memberships__id").first()

    @property
    def sign_in_url(self) -> str:
        back = urlencode({"next": self._request.get_full_path()})
        return f"{settings.LOGIN_URL}?{back}"

    @property
    def places(self) -> list[Place]:
        places = []
        if self._can_open_lab():
            places.append(self._place("Push lab", "phone", reverse("lab:home")))
        if self._request.user.is_staff:
            places.append(self._place("Django admin", "sliders", reverse("admin:index")))
        return places

    def _can_open_lab(self) -> bool:
        if settings.LAB != "members":
            return bool(settings.LAB == "open")
        user, account = self._request.user, self.account
        return account is not None and user.has_perm("accounts.view_campaigns", account)

    def _place(self, label: str, icon: str, url: str) -> Place:
        return Place(label, icon, url, self._request.path.startswith(url))


def frame(request: HttpRequest) -> dict[str, Any]:
    return {"frame": Frame(request)}
