"""Calls to a running installation as its users make them: by HTTP, and by nothing else."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import jwt

from lab import brand
from lab.brand import Secrets

TIMEOUT = 5.0
FORM = "application/x-www-form-urlencoded"


class Unreachable(Exception):
    """Nothing answered; the message says how that showed."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    text: str

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object of the answer; empty when it is something else."""
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def __str__(self) -> str:
        if self.text.lstrip().startswith("<"):
            return f"{self.status}, a page"
        return f"{self.status} {' '.join(self.text.split())[:300]}"


@dataclass(frozen=True, slots=True)
class Caller:
    """The brand's system and the apps on its consumers' phones, against one address."""

    url: str
    secrets: Secrets

    def token(self) -> Reply:
        form = {"client_id": brand.CLIENT_ID, "client_secret": self.secrets.client_secret}
        path = f"/sentinel/api/account/{brand.NUMBER}/app/token"
        query = "v=1.0&grant_type=client_credentials"
        return self._ask("POST", f"{path}?{query}", {"Content-Type": FORM}, urlencode(form))

    def send(self, token: str, body: str) -> Reply:
        return self._json("POST", f"{self._brand}/campaign", token, body)

    def conversations(self, token: str, campaign: str) -> Reply:
        return self._json("GET", f"{self._brand}/campaign/{campaign}/conversations", token)

    def recipient(self, token: str, campaign: str, message: str) -> Reply:
        return self._json("GET", f"{self._brand}/campaign/{campaign}/recipients/{message}", token)

    def lab(self, *, open_phone: str = "") -> Reply:
        query = f"?app={open_phone}" if open_phone else ""
        return self._ask("GET", f"/lab/{brand.NUMBER}/{query}")

    def opened(self, ref: str, message: str) -> Reply:
        return self._sdk("POST", f"messages/{message}/opened", ref, "{}")

    def reply(self, ref: str, body: Mapping[str, str]) -> Reply:
        return self._sdk("POST", "replies", ref, json.dumps(body))

    @property
    def _brand(self) -> str:
        return f"/api/v2/account/{brand.NUMBER}"

    def _sdk(self, method: str, path: str, ref: str, body: str) -> Reply:
        path = f"/api/sdk/v1/account/{brand.NUMBER}/{path}"
        return self._json(method, path, consumer_token(ref, self.secrets), body)

    def _json(self, method: str, path: str, token: str, body: str | None = None) -> Reply:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return self._ask(method, path, headers, body)

    def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> Reply:
        """:raises Unreachable: there was no whole answer in time"""
        request = Request(
            self.url + path,
            method=method,
            headers=dict(headers or {}),
            data=None if body is None else body.encode(),
        )
        try:
            with urlopen(request, timeout=TIMEOUT) as answer:
                return Reply(answer.status, answer.read().decode())
        except HTTPError as error:
            with error:
                return Reply(error.code, error.read().decode(errors="replace"))
        except (URLError, OSError) as error:
            raise Unreachable(f"no answer from {self.url} ({error})") from error


def consumer_token(ref: str, secrets: Secrets) -> str:
    """What the brand's identity provider gives a consumer who signs in to the app."""
    now = int(time.time())
    claims = {"iss": brand.ISSUER, "sub": ref, "iat": now, "exp": now + 600}
    return jwt.encode(claims, secrets.idp_private_key, algorithm="ES256")
