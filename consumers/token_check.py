"""What the SDK's door makes of a token, check by check, for who sets an identity provider up.

The checks are those of `consumers.jwt.verify`, each asked by itself; nothing is kept.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import jwt

from consumers.jwks import KeySetUnavailable
from consumers.jwt import (
    Claims,
    TokenRefused,
    check_expiry,
    check_lifetime,
    check_start,
    check_subject,
    find_key,
    read_algorithm,
    read_header,
    refusal,
    verify,
)
from consumers.keys import Key
from consumers.models import IdentityProvider

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Check:
    """``is_passed`` is None where there was nothing to look at."""

    name: str
    is_passed: bool | None
    sentence: str


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """``reason`` and ``sentence`` are what an app would be answered; empty for a good token. The
    texts are what can be read of header and claims, whether or not they are good."""

    subject: str
    reason: str
    sentence: str
    header: str
    claims: str
    checks: Sequence[Check]

    @property
    def is_good(self) -> bool:
        return not self.reason


def check_token(token: str, provider: IdentityProvider, *, now: datetime) -> TokenCheck:
    """Look at a token as an app would send it."""
    header, claims = _decoded(token)
    asked = _Asked()
    _ask_signature(asked, token, provider, now)
    _ask_claims(asked, token, claims, provider, now)
    subject, reason, sentence = _verdict(token, provider, now)
    return TokenCheck(subject, reason, sentence, _shown(header), _shown(claims), asked.checks)


@dataclass(slots=True)
class _Asked:
    checks: list[Check] = field(default_factory=list)

    def ask(
        self, name: str, fine: str, question: Callable[[], T], *, of: object = True
    ) -> T | None:
        """Ask a check; None where it is not passed, or where ``of`` is: there is nothing to ask."""
        if of is None:
            self.checks.append(Check(name, None, "Not looked at."))
            return None
        try:
            answer = question()
        except TokenRefused as refused:
            self.checks.append(Check(name, False, refused.message))
            return None
        except KeySetUnavailable as error:
            self.checks.append(Check(name, False, str(error)))
            return None
        self.checks.append(Check(name, True, fine))
        return answer


def _ask_signature(asked: _Asked, token: str, provider: IdentityProvider, now: datetime) -> None:
    header = asked.ask("Form", "A signed JWT of three parts.", lambda: read_header(token))
    read: dict[str, Any] = header or {}
    algorithm = asked.ask(
        "Algorithm",
        "alg is one that is allowed.",
        lambda: read_algorithm(read, provider),
        of=header,
    )
    name = algorithm or ""
    key = asked.ask(
        "Key",
        "The brand has a key for it.",
        lambda: find_key(provider, read.get("kid"), name, now),
        of=algorithm,
    )
    asked.ask(
        "Signature", "It was made with that key.", lambda: _read_signed(token, key, name), of=key
    )


def _ask_claims(
    asked: _Asked, token: str, claims: Claims | None, provider: IdentityProvider, now: datetime
) -> None:
    read = claims or {}
    asked.checks.append(_readable(claims))
    asked.ask(
        "iss",
        "It is the issuer set for the account.",
        lambda: _read_claim(token, "iss", issuer=provider.issuer),
        of=claims,
    )
    if provider.audience:
        asked.ask(
            "aud",
            "It has the audience set for the account.",
            lambda: _read_claim(token, "aud", audience=provider.audience),
            of=claims,
        )
    else:
        asked.checks.append(Check("aud", None, "Not asked for: the account sets no audience."))
    asked.ask("exp", "It has not expired.", lambda: check_expiry(read, now), of=claims)
    asked.ask("iat", "It is valid already.", lambda: check_start(read, now), of=claims)
    asked.ask("Lifetime", "It is short enough.", lambda: check_lifetime(read, provider), of=claims)
    asked.ask("sub", "It can be a consumer's id.", lambda: check_subject(read), of=claims)


def _readable(claims: Claims | None) -> Check:
    if claims is None:
        return Check("Claims", False, "They cannot be read as a JSON object.")
    return Check("Claims", True, "A JSON object.")


def _verdict(token: str, provider: IdentityProvider, now: datetime) -> tuple[str, str, str]:
    try:
        return str(verify(token, provider, now)["sub"]), "", ""
    except TokenRefused as refused:
        return "", refused.reason, refused.message
    except KeySetUnavailable as error:
        return "", "key_set_unavailable", str(error)


def _decoded(token: str) -> tuple[dict[str, Any] | None, Claims | None]:
    """What can be read without a key; None for what cannot, or is too large."""
    try:
        read_header(token)
    except TokenRefused as refused:
        if refused.reason != "header_not_allowed":
            return None, None
    try:
        header = jwt.get_unverified_header(token)
        return header, jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError):
        return None, None


def _read_signed(token: str, key: Key | None, algorithm: str) -> None:
    """The signature alone: claims are asked about one by one."""
    assert key is not None
    try:
        jwt.api_jws.decode(token, key, algorithms=[algorithm])
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise refusal(error) from None


def _read_claim(token: str, claim: str, **expected: str) -> None:
    options = {"verify_signature": False, f"verify_{claim}": True, "require": [claim]}
    try:
        jwt.decode(token, options=options, **expected)  # type: ignore[arg-type]
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise refusal(error) from None


def _shown(part: dict[str, Any] | None) -> str:
    """As text that any page can carry: what is no character is written as its code."""
    if part is None:
        return ""
    try:
        text = json.dumps(part, indent=2, ensure_ascii=False)
    except RecursionError:
        return ""
    return text.encode(errors="backslashreplace").decode()
