"""What webhooks are told of campaigns: what became of each message, and when all is done."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from campaigns.ledger import Kept
from campaigns.models import FINAL, Campaign, OutboundMessage
from webhooks.events import EventType, NewEvent, recipient_event
from webhooks.services import publish, subscriptions

_MESSAGES = """
SELECT m.account_id, c.public_id, m.public_id, m.consumer_ref, m.state, m.reason, m.app_name
FROM campaigns_outboundmessage m JOIN campaigns_campaign c ON c.id = m.campaign_id
WHERE m.id = ANY(%s) ORDER BY m.id
"""

# Two workers may settle the last rows of a campaign side by side, and somebody may cancel it: the
# second to get here waits for the first one's commit, and its next statement sees what that one
# did. So one of them tells the campaign's end, and no other. An advisory lock, which writes nothing
# where a row's would.
_TAKE_TURNS = """
SELECT pg_advisory_xact_lock(hashtextextended('campaign.completed ' || id, 0))
FROM (SELECT DISTINCT unnest(%s::bigint[]) AS id ORDER BY 1) ids
"""
_COMPLETED = """
SELECT c.account_id, c.public_id, c.name, c.replays, array_agg(t.state), array_agg(t.n)
FROM campaigns_campaign c JOIN (
    SELECT campaign_id, state, sum(n) AS n FROM campaigns_campaigntally
    WHERE campaign_id = ANY(%(campaigns)s) GROUP BY 1, 2
) t ON t.campaign_id = c.id
WHERE c.cancelled_at IS NULL
GROUP BY c.id
HAVING sum(t.n) FILTER (WHERE t.state = 'accepted')
     = sum(t.n) FILTER (WHERE t.state = ANY(%(final)s))
"""


def announce_settled(kept: Sequence[Kept], *, now: datetime) -> None:
    """Tell what messages became, and which campaigns are done with them; in their transaction.

    One query where nobody listens.
    """
    final = [row for row in kept if row.state in FINAL]
    if not final:
        return
    known = subscriptions(row.account_id for row in final)
    told = [row.id for row in final if known.wants(row.account_id, f"recipient.{row.state}")]
    events = _recipient_events(told, now) if told else []
    done = [
        row.campaign_id
        for row in final
        if known.wants(row.account_id, EventType.CAMPAIGN_COMPLETED)
    ]
    publish(events=[*events, *(_completed(done, now) if done else [])], known=known)


def _recipient_events(message_ids: list[int], now: datetime) -> list[NewEvent]:
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, [message_ids])
        return [
            recipient_event(
                account_id=account_id,
                status=state,
                campaign_id=campaign_id,
                message_id=public_id,
                consumer_ref=consumer_ref,
                at=now,
                reason=reason or None,
                appName=app_name or None,
            )
            for (
                account_id,
                campaign_id,
                public_id,
                consumer_ref,
                state,
                reason,
                app_name,
            ) in cursor.fetchall()
        ]


def take_turns(campaign_ids: Sequence[int]) -> None:
    """Wait until nobody else is about to end one of these campaigns; others wait for our commit.

    To be called when messages and routes are locked, and nothing may be locked afterwards that
    somebody holds who waits for a turn: a large cancel waits long for rows that are being settled.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_TURNS, [list(campaign_ids)])


def _completed(campaign_ids: list[int], now: datetime) -> list[NewEvent]:
    """Those of the campaigns that have nothing left to wait for."""
    take_turns(campaign_ids)
    with connection.cursor() as cursor:
        cursor.execute(_COMPLETED, {"campaigns": campaign_ids, "final": list(FINAL)})
        rows = cursor.fetchall()
    return [
        _completed_event(
            account_id, public_id, name, dict(zip(states, sums, strict=True)), now, replays
        )
        for account_id, public_id, name, replays, states, sums in rows
    ]


def announce_empty(campaign: Campaign, *, now: datetime) -> None:
    """A campaign of which no recipient was accepted is done as it begins."""
    event = _completed_event(campaign.account_id, campaign.public_id, campaign.name, {}, now)
    publish(events=[event])


def _completed_event(
    account_id: int,
    public_id: str,
    name: str,
    totals: Mapping[str, int],
    now: datetime,
    replays: int = 0,
) -> NewEvent:
    """Told once, and once more after each replay."""
    data = {
        "campaignId": public_id,
        "campaignName": name,
        "status": "completed",
        "counts": _counts(totals),
    }
    once = f"campaign.completed {public_id}" + (f" {replays}" if replays else "")
    return NewEvent(account_id, EventType.CAMPAIGN_COMPLETED, now, data, once)


def announce_cancelled(campaign: Campaign, *, in_flight: int, now: datetime) -> None:
    """``in_flight`` messages are with a provider, and are told by themselves."""
    totals = campaign.tallies.all().totals()
    data: dict[str, Any] = {
        "campaignId": campaign.public_id,
        "campaignName": campaign.name,
        "status": "cancelled",
        "counts": _counts(totals),
        "inFlight": in_flight,
    }
    publish(events=[NewEvent(campaign.account_id, EventType.CAMPAIGN_CANCELLED, now, data)])


def announce_receipt(message: OutboundMessage, news: Sequence[str], *, now: datetime) -> None:
    """``news`` are the receipt's facts that were not known: delivered, opened."""
    publish(
        events=[
            recipient_event(
                account_id=message.account_id,
                status=status,
                campaign_id=message.campaign.public_id,
                message_id=message.public_id,
                consumer_ref=message.consumer_ref,
                at=now,
                appName=message.app_name or None,
            )
            for status in news
        ]
    )


def _counts(totals: Mapping[str, int]) -> dict[str, int]:
    return {state: totals.get(state, 0) for state in ("accepted", *map(str, FINAL))}
