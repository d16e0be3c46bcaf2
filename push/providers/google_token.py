"""Access tokens of Google's, and the endpoint that gives them for a service account's key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from time import monotonic
from typing import Any, Protocol

import orjson
from google.auth import transport
from google.auth.crypt import RSASigner
from google.auth.exceptions import GoogleAuthError
from google.oauth2.service_account import Credentials

from common.calls import Answer, Call, Timeouts, Tls
from common.transport import fetch
from push.providers.base import CannotStart, Outcome
from push.providers.reading import DETAIL_LIMIT, parse_retry_after, read_words

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
TIMEOUTS = Timeouts(connect=2.0, total=4.0)
"""Short, as all that this process has under way waits meanwhile."""

SHORTEST_LIFE = 60.0
LONGEST_LIFE = 3600.0
OUTAGE = 5.0
"""Seconds for which an endpoint that does not work is left alone, whoever's token it is about."""

# What the endpoint calls its own trouble, by whatever status.
PASSING = {"internal_failure", "server_error", "temporarily_unavailable", "rate_limit_exceeded"}


class ServiceAccount(Protocol):
    @property
    def client_email(self) -> str: ...

    @property
    def private_key(self) -> str: ...

    @property
    def private_key_id(self) -> str: ...


class EndpointDown(CannotStart):
    """The endpoint does not work, whoever asks."""


class TokenEndpoint:
    """Gives tokens for all accounts; `token_endpoint` has the one of this process."""

    def __init__(self, url: str, tls: Tls, clock: Callable[[], float] = monotonic) -> None:
        self.url = url
        self._request = _Request(tls)
        self._clock = clock
        self._words = ""
        self._down_until = 0.0

    def ask(self, account: ServiceAccount) -> tuple[str, float]:
        """A fresh token, and the seconds for which it is good.

        :raises CannotStart: there is none to be had now.
        """
        if self._clock() < self._down_until:
            raise _down(self._words)
        try:
            return self._ask(account)
        except EndpointDown as outage:
            self._words = outage.detail
            self._down_until = self._clock() + max(OUTAGE, outage.retry_after or 0.0)
            raise

    def _ask(self, account: ServiceAccount) -> tuple[str, float]:
        signer = RSASigner.from_string(account.private_key, account.private_key_id or None)
        credentials = Credentials(signer, account.client_email, self.url, scopes=[SCOPE])
        try:
            credentials.refresh(self._request)
            life = _read_life(credentials.expiry)
        except (GoogleAuthError, ValueError, TypeError, AttributeError, OverflowError):
            raise _down("The endpoint's answer cannot be read.") from None
        value = credentials.token
        if not isinstance(value, str) or not (value and value.isascii() and value.isprintable()):
            raise _down("The endpoint's answer has no access_token.")
        return value, life


@cache
def token_endpoint(url: str, ca_file: str) -> TokenEndpoint:
    return TokenEndpoint(url, Tls(ca_file))


def _down(words: str, retry_after: float | None = None) -> EndpointDown:
    return EndpointDown(Outcome.RETRY, "no_access_token", words, retry_after)


def _read_life(expiry: datetime | None) -> float:
    """Seconds until then, within reason; google-auth tells it in UTC without saying so."""
    if expiry is None:
        return LONGEST_LIFE
    left = (expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    return min(max(left, SHORTEST_LIFE), LONGEST_LIFE)


@dataclass(frozen=True, slots=True)
class _Response(transport.Response):
    status: int
    headers: Mapping[str, str]
    data: bytes


class _Request(transport.Request):
    """google-auth's way out: our deadlines, our authorities, no proxy of the environment. What is
    no token ends here; google-auth would sleep and ask again."""

    def __init__(self, tls: Tls) -> None:
        self._tls = tls

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> _Response:
        call: Call[None] = Call(
            tag=None,
            key=f"token {url}",
            method=method,
            url=url,
            headers=tuple((headers or {}).items()),
            body=body or b"",
            timeouts=TIMEOUTS,
            tls=self._tls,
        )
        answer = fetch(call)
        if answer.status != 200 or answer.error:
            raise _read_hindrance(answer)
        return _Response(answer.status, answer.headers, answer.body)


def _read_hindrance(answer: Answer[None]) -> CannotStart:
    if answer.is_tls_refused:
        return CannotStart(Outcome.MISCONFIGURED, "certificate_refused", answer.error)
    error, words = _read_error(answer)
    wish = parse_retry_after(answer.headers.get("retry-after"), answer.ended_at)
    if answer.status is None or answer.status == 200 or answer.status >= 500:
        return _down(words, wish)
    if answer.status in (408, 429) or error in PASSING:
        return CannotStart(Outcome.RETRY, "no_access_token", words, wish)
    if answer.status // 100 == 3:
        return CannotStart(Outcome.MISCONFIGURED, "redirected", words)
    return CannotStart(Outcome.MISCONFIGURED, "credential_refused", words)


def _read_error(answer: Answer[None]) -> tuple[str, str]:
    """The word of RFC 6749 ("invalid_grant"), and all that was said, in one line."""
    try:
        said = orjson.loads(answer.body)
        error, description = said["error"], said.get("error_description", "")
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
        error, description = "", ""
    if isinstance(error, str) and error:
        return error, read_words(f"{error}: {description}".encode("utf-8", "replace"))
    words = read_words(answer.body) or answer.error or f"HTTP {answer.status}"
    return "", words[:DETAIL_LIMIT]
