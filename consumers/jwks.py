"""A brand's key set: fetched when it is needed, kept on the row, used stale for a day."""

import json
import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q

from common.calls import Answer, Call, Sent, Timeouts, Tls
from common.errors import DomainError
from common.guard import AddressGuard
from common.json_body import load_json
from common.transport import fetch
from consumers.keys import Key, fits, load_jwk, public_members
from consumers.models import IdentityProvider

logger = logging.getLogger(__name__)

COOLDOWN = timedelta(seconds=30)
FRESH = timedelta(minutes=10)
STALE = timedelta(hours=24)
TIMEOUTS = Timeouts(connect=2.0, total=4.0)
MAX_BYTES = 65_536
MAX_KEYS = 50


class KeySetUnavailable(Exception):
    """No key set is at hand. Try again after ``retry_after`` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("The brand's key set has not been reached.")
        self.retry_after = retry_after


def signing_key(
    provider: IdentityProvider, kid: str | None, algorithm: str, now: datetime
) -> Key | None:
    """The key of that id, asking the brand's server again when it is not among the known ones.

    :raises KeySetUnavailable: the key set was never fetched, or more than a day ago.
    """
    found = _find(provider, kid, algorithm, now)
    is_fresh = provider.jwks_fetched_at is not None and now < provider.jwks_fetched_at + FRESH
    if found is None or not is_fresh:
        refresh_key_set(provider, now)
        found = _find(provider, kid, algorithm, now)
    if found is None and not _is_usable(provider, now):
        raise KeySetUnavailable(_seconds_to_next_try(provider, now))
    return found


def _is_usable(provider: IdentityProvider, now: datetime) -> bool:
    fetched_at = provider.jwks_fetched_at
    return fetched_at is not None and now < fetched_at + STALE


def _find(provider: IdentityProvider, kid: str | None, algorithm: str, now: datetime) -> Key | None:
    """The key of that id; without an id, the only key of the algorithm."""
    if not _is_usable(provider, now):
        return None
    entries = [entry for entry in provider.jwks or [] if kid is None or entry.get("kid") == kid]
    keys = [load_jwk(json.dumps(entry, sort_keys=True)) for entry in entries]
    fitting = [key for key in keys if fits(key, algorithm)]
    return fitting[0] if len(fitting) == 1 else None


def _seconds_to_next_try(provider: IdentityProvider, now: datetime) -> int:
    tried_at = provider.jwks_tried_at
    if tried_at is None or now < tried_at + timedelta(seconds=TIMEOUTS.total):
        return int(TIMEOUTS.total)
    return max(1, int((tried_at + COOLDOWN - now).total_seconds()))


def refresh_key_set(provider: IdentityProvider, now: datetime) -> None:
    """Fetch the key set unless somebody tried within the cooldown; a failure keeps the old one.

    The turn is taken by one short update, so no lock is held while the brand's server thinks.
    """
    rows = IdentityProvider.objects.filter(pk=provider.pk, jwks_url=provider.jwks_url)
    due = Q(jwks_tried_at__isnull=True) | Q(jwks_tried_at__lte=now - COOLDOWN)
    if rows.filter(due).update(jwks_tried_at=now):
        keys = _fetch_keys(provider.jwks_url)
        if keys:
            rows.update(jwks=keys, jwks_fetched_at=now)
    provider.refresh_from_db(fields=["jwks", "jwks_fetched_at", "jwks_tried_at"])


def _fetch_keys(url: str) -> list[dict[str, str]]:
    guard = AddressGuard(tuple(settings.EGRESS_ALLOWED_NETWORKS), settings.EGRESS_ALLOW_HTTP)
    call: Call[None] = Call(
        tag=None,
        key=f"jwks {url}",
        method="GET",
        url=url,
        headers=(("accept", "application/json"),),
        timeouts=TIMEOUTS,
        tls=Tls(ca_file=settings.EGRESS_CA_FILE),
        guard=guard,
        body_limit=MAX_BYTES,
    )
    answer = fetch(call)
    keys = _read(answer)
    if not keys:
        logger.warning(
            "key set not fetched: sent=%s status=%s error=%s",
            answer.sent,
            answer.status,
            answer.error[:200],
        )
    return keys


def _read(answer: Answer[None]) -> list[dict[str, str]]:
    """The usable keys of the answer. None at all is a failure like any other."""
    if answer.sent is not Sent.ANSWERED or answer.status != 200 or answer.error:
        return []
    try:
        document: Any = load_json(answer.body)
    except DomainError:
        return []
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        return []
    members = (public_members(entry) for entry in entries[:MAX_KEYS])
    return [entry for entry in members if entry is not None]
