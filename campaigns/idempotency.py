"""A call with an ``Idempotency-Key`` is carried out once (A8).

The key is stored in the transaction of its campaign: there is no key without an answer, and a
failure leaves none behind. Whoever comes second waits for the first.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection
from django.db.models import QuerySet
from psycopg.errors import LockNotAvailable

from accounts.models import Account
from campaigns.models import Campaign, IdempotencyKey
from common.errors import Conflict, Contradiction, DomainError

# The longest lookback: a repetition later than that cannot reach anybody twice.
KEPT = timedelta(days=30)
PURGE_BATCH = 1_000
WAIT = "5s"
QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")

CLAIM = """
INSERT INTO campaigns_idempotencykey
    (account_id, client_id, operation, key, fingerprint, status, body, created_at)
VALUES (%s, %s, %s, %s, %s, 0, '', %s)
ON CONFLICT (account_id, client_id, operation, key) DO NOTHING
"""


class InvalidKey(DomainError):
    """The header is no key."""

    key = "invalid_idempotency_key"


class KeyReused(Contradiction):
    """The key was sent before, with another body."""

    key = "idempotency_key_reused"


class KeyInUse(Conflict):
    """The first call with this key is still running."""

    key = "idempotency_key_in_use"


class KeyTaken(Exception):
    """Somebody else was first, and is done."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """``outcome`` is the answer's body without what the call itself said."""

    status: int
    outcome: dict[str, Any]


@dataclass(frozen=True, slots=True)
class KeyedCall:
    """A call that its sender may repeat."""

    account: Account
    client_id: str
    operation: str
    key: str
    fingerprint: str

    def earlier(self) -> StoredAnswer | None:
        """What was answered to this very call.

        :raises KeyReused: the key was used for another body.
        """
        row = self._rows().first()
        if row is None:
            return None
        if row.fingerprint != self.fingerprint:
            raise KeyReused(
                "This Idempotency-Key was sent before with another body. "
                "Take a new key for a new call; repeat a call as it was."
            )
        return StoredAnswer(row.status, json.loads(bytes(row.body)))

    def claim(self, *, now: datetime) -> None:
        """Take the key, in the transaction that will keep the answer; wait for whoever has it.

        :raises KeyTaken: the first is done; its answer can be read once this is rolled back.
        :raises KeyInUse: the first took longer than five seconds.
        """
        values = (self.account.pk, self.client_id, self.operation, self.key, self.fingerprint, now)
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [WAIT])
            try:
                cursor.execute(CLAIM, values)
            except OperationalError as error:
                if isinstance(error.__cause__, LockNotAvailable):
                    raise in_use() from error
                raise
            if not cursor.rowcount:
                raise KeyTaken
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")

    def keep(self, *, campaign: Campaign, outcome: dict[str, Any], status: int = 200) -> None:
        """Store the answer beside the claim."""
        # In ASCII, as half of a surrogate pair fits no other way.
        body = json.dumps(outcome).encode()
        self._rows().update(status=status, body=body, campaign=campaign)

    def _rows(self) -> QuerySet[IdempotencyKey]:
        return IdempotencyKey.objects.filter(
            account=self.account, client_id=self.client_id, operation=self.operation, key=self.key
        )


def in_use() -> KeyInUse:
    return KeyInUse(
        "The first call with this Idempotency-Key is still running. Repeat it in a few seconds."
    )


def read_key(header: str) -> str:
    """The key of an ``Idempotency-Key`` header: a Structured-Field String, or bare.

    :raises InvalidKey: it is neither, or not 1 to 255 visible ASCII characters.
    """
    quoted = QUOTED.fullmatch(header.strip())
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else header.strip()
    if not VISIBLE.fullmatch(key) or (key.startswith('"') and not quoted):
        raise InvalidKey("Idempotency-Key must be 1 to 255 visible ASCII characters, as a uuid is.")
    return key


def fingerprint(data: Any) -> str:
    """SHA-256 of a body's canonical JSON, as hexadecimal digits."""
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def forget_keys(*, now: datetime) -> int:
    """Delete keys older than 30 days, a thousand a statement; tell how many."""
    old = IdempotencyKey.objects.filter(created_at__lt=now - KEPT).order_by("created_at")
    total = 0
    while batch := list(old.values_list("pk", flat=True)[:PURGE_BATCH]):
        total += IdempotencyKey.objects.filter(pk__in=batch).delete()[0]
    return total
