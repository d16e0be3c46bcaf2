"""The web tool's pages of campaigns as one person uses them, without a browser."""

import html
import re
from typing import Any

from django.test import Client

from accounts.models import Account, Role
from tests.factories.accounts import member


def words(markup: str) -> str:
    """What a reader reads of it, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


class Tool:
    """A person of the brand, signed in; paths are relative to its campaigns."""

    def __init__(self, account: Account, role: Role = Role.CAMPAIGN_MANAGER) -> None:
        self.user = member(role, account)
        self.client = Client()
        self.client.force_login(self.user)
        self.base = f"/account/{account.number}/campaigns/"

    def get(self, path: str = "", **headers: str) -> Any:
        return self.client.get(self.base + path, headers=headers)

    def page(self, path: str = "", **headers: str) -> str:
        response = self.get(path, **headers)
        assert response.status_code == 200
        return str(response.content.decode())

    def rows(self, path: str = "") -> list[str]:
        """The words of each row of the page's first table."""
        body = re.search(r"<tbody>(.*?)</tbody>", self.page(path), re.DOTALL)
        found = re.findall(r"<tr[^>]*>(.*?)</tr>", body[1], re.DOTALL) if body else []
        return [words(row) for row in found]

    def names(self, path: str = "") -> list[str]:
        """What the rows are called."""
        found = re.findall(r'<a class="name"[^>]*><bdi dir="auto">(.*?)</bdi>', self.page(path))
        return [html.unescape(name) for name in found]
