"""How Apple knows whose push it is: a token (JWT, ES256) that says its team, its key and its age.

Apple takes a token until it is an hour old, and no more on a connection where tokens change more
often than every 20 minutes. So all processes make the same one, byte for byte, without having to
share it: its time is rounded, and one text is always signed alike (RFC 6979).
"""

from dataclasses import dataclass, field
from datetime import datetime

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from common import base64url
from push.providers.apns_settings import read_signing_key

PERIOD = 30 * 60
"""Seconds for which one token is made."""

YOUNGEST = 20 * 60
"""Seconds of age at which a token is first used. Apple takes none from the future, and a clock that
is ahead would make one; a clock that is behind is found out, and `refuse` makes up for it."""

OLDEST = YOUNGEST + PERIOD


@dataclass(slots=True, eq=False)
class ProviderToken:
    """`issued_at` in seconds since 1970; `header` goes with each request. `is_replacement`: of one
    that Apple called expired. `is_proven`: Apple took it."""

    issued_at: int
    header: tuple[str, str] = field(repr=False)
    is_replacement: bool
    is_proven: bool = False


class TokenSigner:
    """The tokens of one key in one process."""

    def __init__(self, team_id: str, key_id: str, private_key: str) -> None:
        self._head = orjson.dumps({"alg": "ES256", "kid": key_id})
        self._team_id = team_id
        self._key = read_signing_key(private_key)
        self._token: ProviderToken | None = None
        self._expired_until = 0

    def token(self, now: datetime) -> ProviderToken:
        moment = int(now.timestamp())
        if self._token is None or not self._is_usable(self._token, moment):
            self._token = self._make(moment)
        return self._token

    def refuse(self, token: ProviderToken) -> bool:
        """Apple called it expired: make a younger one. Says whether that may help.

        It does not when the younger one is called expired before it was ever taken: then this
        clock is wrong by more than any token can make up for.
        """
        self._expired_until = max(self._expired_until, token.issued_at)
        return token.is_proven or not token.is_replacement

    def _is_usable(self, token: ProviderToken, moment: int) -> bool:
        return self._expired_until < token.issued_at and 0 <= moment - token.issued_at < OLDEST

    def _make(self, moment: int) -> ProviderToken:
        issued_at = (moment - YOUNGEST) // PERIOD * PERIOD
        is_replacement = issued_at <= self._expired_until
        if is_replacement:
            # Younger than any other can be, and again the same in all processes that need one.
            issued_at = moment // YOUNGEST * YOUNGEST
        header = ("authorization", f"bearer {self._sign(issued_at)}")
        return ProviderToken(issued_at, header, is_replacement)

    def _sign(self, issued_at: int) -> str:
        claims = orjson.dumps({"iss": self._team_id, "iat": issued_at})
        text = f"{base64url.encode(self._head)}.{base64url.encode(claims)}"
        algorithm = ECDSA(SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self._key.sign(text.encode(), algorithm))
        return f"{text}.{base64url.encode(r.to_bytes(32) + s.to_bytes(32))}"
