"""Tokens of a brand's identity provider, and forgeries of them."""

import base64
import json
import time
from functools import cache

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER = "https://idp.brand.example"


@cache
def rsa_key(name="brand", bits=2048):
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(name="brand", curve=ec.SECP256R1):
    return ec.generate_private_key(curve())


def pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def bare(key):
    """As LivePerson wants it: base64 without head, tail and line breaks."""
    return "".join(line for line in pem(key).splitlines() if not line.startswith("-"))


def jwk(key, kid, **members):
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    algorithm = jwt.algorithms.RSAAlgorithm if is_rsa else jwt.algorithms.ECAlgorithm
    public = algorithm.to_jwk(key.public_key(), as_dict=True)
    return {k: v for k, v in public.items() if k != "key_ops"} | {"kid": kid, **members}


def claims(**changes):
    """Of a good token; a change to None takes the claim away."""
    now = int(time.time())
    good = {"iss": ISSUER, "sub": "anna", "iat": now, "exp": now + 3600}
    return {k: v for k, v in (good | changes).items() if v is not None}


def sign(payload=None, *, key=None, algorithm="RS256", headers=None):
    key = key or rsa_key()
    return jwt.encode(payload or claims(), key, algorithm=algorithm, headers=headers)


def encode(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forge(header, payload, signature=b"x"):
    return f"{encode(header)}.{encode(payload)}.{encode(signature)}"


def sign_raw(header, payload, key=None):
    """A genuine RS256 signature over bytes that no library would write."""
    signing_input = f"{encode(header)}.{encode(payload)}"
    algorithm = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)
    signature = algorithm.sign(signing_input.encode(), key or rsa_key())
    return f"{signing_input}.{encode(signature)}"
