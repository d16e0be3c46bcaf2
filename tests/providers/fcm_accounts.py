"""Google's side of service accounts: their keys, and the endpoint that gives tokens for them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tests.providers.vendor_server import Asked, Reply

AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFE = 3600
BAD_TIMES = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
    " Check your iat and exp values in the JWT claim."
)


@cache
def make_key(name: str) -> str:
    """An RSA key in PEM, the same for the same name: to make one takes a while."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def make_file(project: str = "larkfield-app", key: str = "") -> dict[str, str]:
    """The file that the Firebase console gives for a new key of a service account."""
    return {
        "type": "service_account",
        "project_id": project,
        "private_key_id": uuid4().hex,
        "private_key": key or make_key(project),
        "client_email": f"firebase-adminsdk-k1@{project}.iam.gserviceaccount.com",
        "client_id": "104857600000000000001",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": AUDIENCE,
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "universe_domain": "googleapis.com",
    }


def read_or_make(path: Path, project: str) -> dict[str, str]:
    """The file at this path, which is made where there is none."""
    if not path.exists():
        path.write_bytes(orjson.dumps(make_file(project)))
        path.chmod(0o600)
    file: dict[str, str] = orjson.loads(path.read_bytes())
    return file


class Denied(Exception):
    """In the words of RFC 6749."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        body = {"error": error, "error_description": description}
        self.reply = Reply(status, orjson.dumps(body), {"content-type": "application/json"})


@dataclass
class Accounts:
    """`life` is that of the tokens, in seconds. A token that is `revoked` is not taken any more, an
    account that is `disabled` gets none."""

    files: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    life: int = LIFE
    now: Callable[[], float] = time.time
    file: Path | None = None

    def keep_in(self, file: Path) -> None:
        """Go on with the tokens of a process before this one."""
        self.file = file
        if file.exists():
            kept = orjson.loads(file.read_bytes())
            self.tokens |= {token: (project, ends_at) for token, (project, ends_at) in kept.items()}

    def add(self, file: dict[str, str]) -> dict[str, str]:
        self.files[file["client_email"]] = file
        return file

    def project_of(self, token: str) -> str | None:
        """The project that a live token speaks for."""
        project, ends_at = self.tokens.get(token, ("", 0.0))
        return project if self.now() < ends_at else None

    def revoke_all(self) -> None:
        self.tokens.clear()

    def read(self, asked: Asked) -> Reply:
        try:
            email = self._authenticate(asked)
        except Denied as denied:
            return denied.reply
        token = f"ya29.c.{uuid4().hex}{uuid4().hex}"
        self.tokens[token] = (self.files[email]["project_id"], self.now() + self.life)
        if self.file is not None:
            self.file.touch(mode=0o600)
            self.file.write_bytes(orjson.dumps(self.tokens))
        body = {"access_token": token, "expires_in": self.life - 1, "token_type": "Bearer"}
        return Reply(200, orjson.dumps(body), {"content-type": "application/json; charset=UTF-8"})

    def _authenticate(self, asked: Asked) -> str:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if form.get("grant_type") != GRANT:
            raise Denied("unsupported_grant_type", "Invalid grant_type: " + str(form))
        assertion = form.get("assertion", "")
        try:
            email = jwt.decode(assertion, options={"verify_signature": False})["iss"]
        except (jwt.InvalidTokenError, KeyError):
            raise Denied("invalid_grant", "Bad Request") from None
        if email not in self.files:
            raise Denied("invalid_grant", "Invalid grant: account not found")
        self._check(self._verify(assertion, email))
        if email in self.disabled:
            raise Denied("invalid_grant", "Robot is disabled.")
        return str(email)

    def _verify(self, assertion: str, email: str) -> dict[str, Any]:
        file = self.files[email]
        key = load_pem_private_key(file["private_key"].encode(), None).public_key()
        if jwt.get_unverified_header(assertion).get("kid") != file["private_key_id"]:
            raise Denied("invalid_grant", "Invalid JWT Signature.")
        unchecked = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
        try:
            claims: dict[str, Any] = jwt.decode(assertion, key, ["RS256"], options=unchecked)  # type: ignore[arg-type]
        except jwt.InvalidTokenError:
            raise Denied("invalid_grant", "Invalid JWT Signature.") from None
        return claims

    def _check(self, claims: dict[str, Any]) -> None:
        if claims.get("aud") != AUDIENCE:
            raise Denied("invalid_grant", "Invalid JWT: Failed audience check.")
        issued, ends = claims.get("iat", 0), claims.get("exp", 0)
        if not (abs(self.now() - issued) < 300 and issued < ends <= issued + 3600):
            raise Denied("invalid_grant", BAD_TIMES)
        if claims.get("scope") != SCOPE:
            raise Denied("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
