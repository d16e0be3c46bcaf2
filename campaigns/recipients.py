"""From the recipients of a call to rows of the ledger: what each is told, from when, until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.models import Account
from campaigns.accepting import NewMessage
from campaigns.facts import fetch_time_zones
from campaigns.parsing import Recipient
from campaigns.windows import Schedule, zone_named


@dataclass(frozen=True, slots=True)
class Accepted:
    public_id: UUID
    recipient: Recipient


def new_messages(
    accepted: Sequence[Accepted],
    *,
    account: Account,
    schedule: Schedule,
    lookback: timedelta,
    now: datetime,
) -> list[NewMessage]:
    """The rows of these recipients. The lookback begins when a message may first go out."""
    opens_at = _openings(account, schedule, [entry.recipient.ref for entry in accepted], now)
    reason = schedule.wait_reason(now)
    return [
        NewMessage(
            public_id=entry.public_id,
            consumer_ref=entry.recipient.ref,
            title=entry.recipient.title,
            text=entry.recipient.text,
            expires_at=opens_at.get(entry.recipient.ref, now) + lookback,
            opens_at=opens_at.get(entry.recipient.ref),
            reason=reason if entry.recipient.ref in opens_at else "",
        )
        for entry in accepted
    ]


def _openings(
    account: Account, schedule: Schedule, refs: Sequence[str], now: datetime
) -> dict[str, datetime]:
    """When each recipient that has to wait may first be sent to, by the recipient's own clock."""
    if schedule == Schedule():
        return {}
    # A start alone is the same instant everywhere.
    told = fetch_time_zones(account.pk, refs) if schedule.windows else {}
    zones = {ref: told.get(ref, account.time_zone) for ref in refs}
    found = {name: schedule.opens_at(zone_named(name), now) for name in set(zones.values())}
    return {ref: opens_at for ref in refs if (opens_at := found[zones[ref]]) > now}
