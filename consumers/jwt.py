"""The consumer's token (C1): a JWT that the brand's identity provider signed."""

import math
from datetime import datetime
from typing import Any

import jwt
from jwt.exceptions import InvalidSubjectError

from common.json_body import is_storable
from consumers.jwks import signing_key
from consumers.keys import ALGORITHMS, Key, UnusableKey, fits, load_public_key
from consumers.models import IdentityProvider

MAX_TOKEN_BYTES = 8192
MAX_SUBJECT = 255
LEEWAY_SECONDS = 60
# Headers that would have the token choose its own key, or change how it is read.
REFUSED_HEADERS = ("jku", "x5u", "jwk", "crit", "b64", "zip")

Claims = dict[str, Any]
"""The verified payload; ``sub`` is a text of 1 to 255 characters."""


class TokenRefused(Exception):
    """``reason`` is a stable word; the message tells the app's developer what to look at."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def verify(token: str, provider: IdentityProvider, now: datetime) -> Claims:
    """Check signature, issuer, audience, times and subject.

    :raises TokenRefused: the token is not good.
    :raises consumers.jwks.KeySetUnavailable: nobody can tell at the moment.
    """
    header = read_header(token)
    algorithm = read_algorithm(header, provider)
    key = find_key(provider, header.get("kid"), algorithm, now)
    claims = _decode(token, key, algorithm, provider)
    check_expiry(claims, now)
    check_start(claims, now)
    check_lifetime(claims, provider)
    check_subject(claims)
    return claims


def read_header(token: str) -> dict[str, Any]:
    if len(token) > MAX_TOKEN_BYTES:
        raise TokenRefused("token_too_large", f"A token may have {MAX_TOKEN_BYTES} bytes.")
    if not token.isascii() or token.count(".") != 2:
        raise TokenRefused("token_malformed", "This is no signed JWT of three parts.")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise TokenRefused("token_malformed", "The header of the JWT cannot be read.") from None
    for name in REFUSED_HEADERS:
        if name in header:
            raise TokenRefused("header_not_allowed", f"The header must not have {name}.")
    return header


def read_algorithm(header: dict[str, Any], provider: IdentityProvider) -> str:
    allowed = [name for name in ALGORITHMS if name in (provider.algorithms or ALGORITHMS)]
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in allowed:
        raise TokenRefused("algorithm_not_allowed", f"alg must be {' or '.join(allowed)}.")
    return algorithm


def find_key(provider: IdentityProvider, kid: str | None, algorithm: str, now: datetime) -> Key:
    if provider.public_key:
        try:
            key: Key | None = load_public_key(provider.public_key)
        except UnusableKey:
            raise TokenRefused("key_unusable", "The account's public key cannot be read.") from None
    else:
        key = signing_key(provider, kid, algorithm, now)
    if key is None or not fits(key, algorithm):
        raise TokenRefused("key_unknown", "No key of the account fits kid and alg of the token.")
    return key


def _decode(token: str, key: Key, algorithm: str, provider: IdentityProvider) -> Claims:
    """Check what does not depend on the time; the times are ours, with the time passed in."""
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=provider.issuer,
            audience=provider.audience or None,
            options={
                "require": ["exp", "iat", "sub", "iss"] + (["aud"] if provider.audience else []),
                "verify_aud": bool(provider.audience),
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_jti": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise refusal(error) from None


def refusal(error: Exception) -> TokenRefused:
    """What the library found, in our words."""
    if isinstance(error, jwt.InvalidSignatureError):
        return TokenRefused("signature_invalid", "The signature was not made with the key.")
    if isinstance(error, jwt.MissingRequiredClaimError):
        return TokenRefused("claim_missing", f"The claim {error.claim} is missing.")
    if isinstance(error, jwt.InvalidIssuerError):
        return TokenRefused("issuer_mismatch", "iss is not the issuer set for the account.")
    if isinstance(error, jwt.InvalidAudienceError):
        return TokenRefused("audience_mismatch", "aud has not the audience set for the account.")
    if isinstance(error, InvalidSubjectError):
        return TokenRefused("subject_invalid", "sub must be a string.")
    return TokenRefused("token_malformed", "The JWT cannot be read.")


def check_expiry(claims: Claims, now: datetime) -> None:
    expires = _seconds(claims, "exp")
    if now.timestamp() >= expires + LEEWAY_SECONDS:
        raise TokenRefused("token_expired", "The token has expired; get a new one from the IDP.")


def check_start(claims: Claims, now: datetime) -> None:
    issued = _seconds(claims, "iat")
    starts = _seconds(claims, "nbf") if "nbf" in claims else issued
    if max(issued, starts) > now.timestamp() + LEEWAY_SECONDS:
        raise TokenRefused("token_not_yet_valid", "iat or nbf lies in the future.")


def check_lifetime(claims: Claims, provider: IdentityProvider) -> None:
    lifetime = _seconds(claims, "exp") - _seconds(claims, "iat")
    if not 0 < lifetime <= provider.max_lifetime_seconds:
        raise TokenRefused(
            "lifetime_too_long", f"exp may be {provider.max_lifetime_seconds} seconds after iat."
        )


def _seconds(claims: Claims, name: str) -> float:
    if name not in claims:
        raise TokenRefused("claim_missing", f"The claim {name} is missing.")
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused("claim_invalid", f"{name} must be a number of seconds.")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise TokenRefused("claim_invalid", f"{name} must be a number of seconds.")
    return seconds


def check_subject(claims: Claims) -> None:
    if "sub" not in claims:
        raise TokenRefused("claim_missing", "The claim sub is missing.")
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject.strip():
        raise TokenRefused("subject_invalid", "sub must be the consumer's id, and not empty.")
    if len(subject) > MAX_SUBJECT or not is_storable(subject):
        raise TokenRefused("subject_invalid", f"sub may have {MAX_SUBJECT} printable characters.")
