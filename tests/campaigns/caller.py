"""The brand API as one of the account's systems calls it."""

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.test import Client

from accounts.models import Account


@cache
def shared_client() -> Client:
    """One for all: it keeps nothing between calls, and loading the middleware takes a while."""
    return Client(raise_request_exception=False)


@dataclass(frozen=True)
class Api:
    """`api.post("campaign", body)`; a body may be bytes, and then goes out as it is."""

    account: Account
    headers: dict[str, str] = field(default_factory=dict)

    def url(self, path: str) -> str:
        return f"/api/v2/account/{self.account.number}/{path}"

    def call(
        self, method: str, path: str, body: Any = b"", *, content_type: str = "application/json"
    ) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return shared_client().generic(
            method, self.url(path), raw, content_type=content_type, headers=self.headers
        )

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def post(self, path: str, body: Any = b"") -> Any:
        return self.call("POST", path, body)

    def with_headers(self, **headers: str) -> "Api":
        return Api(self.account, self.headers | headers)


def hang_up(response: Any) -> None:
    """End a stream that nobody reads. Its own `close` would end the connection to the database."""
    for close in response._resource_closers:
        close()
