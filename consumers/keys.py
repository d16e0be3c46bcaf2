"""Public keys that may sign a consumer's token: RSA of 2048 bits or more, and EC P-256."""

import base64
import binascii
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    load_der_public_key,
    load_pem_public_key,
)
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ALGORITHMS = ("RS256", "ES256")
MIN_RSA_BITS = 2048
JWK_MEMBERS = ("kty", "kid", "alg", "use", "n", "e", "crv", "x", "y")

Key = RSAPublicKey | EllipticCurvePublicKey


class UnusableKey(ValueError):
    """What was given is no public key that may sign tokens."""


def fits(key: Key, algorithm: str) -> bool:
    wanted = RSAPublicKey if algorithm == "RS256" else EllipticCurvePublicKey
    return algorithm in ALGORITHMS and isinstance(key, wanted)


@lru_cache(maxsize=512)
def load_public_key(text: str) -> Key:
    """Read a PEM (key or certificate), or the same without its head, tail and line breaks.

    :raises UnusableKey: saying what is wrong with it.
    """
    if "PRIVATE KEY" in text:
        raise UnusableKey("This is a private key. Paste the public key that belongs to it.")
    try:
        if "-----BEGIN CERTIFICATE" in text:
            return _accepted(load_pem_x509_certificate(text.encode()).public_key())
        if "-----BEGIN" in text:
            return _accepted(load_pem_public_key(text.strip().encode()))
        return _accepted(_load_der(base64.b64decode("".join(text.split()), validate=True)))
    except UnusableKey:
        raise
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableKey(
            "This is no public key in PEM, nor its base64 without PEM lines."
        ) from None


def _load_der(der: bytes) -> Any:
    try:
        return load_der_public_key(der)
    except ValueError:
        return load_der_x509_certificate(der).public_key()


def _accepted(key: Any) -> Key:
    if isinstance(key, RSAPublicKey):
        if key.key_size < MIN_RSA_BITS:
            raise UnusableKey(f"The RSA key has {key.key_size} bits; {MIN_RSA_BITS} are the least.")
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise UnusableKey("The key must be RSA (RS256) or EC P-256 (ES256).")


def public_members(jwk: Any) -> dict[str, str] | None:
    """The members of one entry of a key set that we keep; None where it may not sign tokens."""
    if not isinstance(jwk, Mapping) or jwk.get("use", "sig") != "sig":
        return None
    kept = {name: jwk[name] for name in JWK_MEMBERS if isinstance(jwk.get(name), str)}
    try:
        load_jwk(json.dumps(kept, sort_keys=True))
    except UnusableKey:
        return None
    return kept


@lru_cache(maxsize=512)
def load_jwk(text: str) -> Key:
    """Read one JWK, as JSON text (RFC 7517).

    :raises UnusableKey: it is no public key that may sign tokens.
    """
    jwk = json.loads(text)
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(jwk.get("kty", ""), "")
    if not algorithm or jwk.get("alg", algorithm) != algorithm:
        raise UnusableKey("Only RSA and EC keys for RS256 and ES256 may sign tokens.")
    reader = RSAAlgorithm if algorithm == "RS256" else ECAlgorithm
    try:
        return _accepted(reader.from_jwk(jwk))
    except UnusableKey:
        raise
    except (jwt.PyJWTError, ValueError, KeyError, TypeError, binascii.Error, UnsupportedAlgorithm):
        raise UnusableKey("The entry of the key set cannot be read.") from None
