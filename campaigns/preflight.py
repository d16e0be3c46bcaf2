"""What a call would do, by the rules that delivery asks; nothing is stored or sent (A13)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import connection, transaction

from accounts.models import Account
from campaigns import accepting
from campaigns.accepting import Terms
from campaigns.eligibility import (
    Allowed,
    CampaignFacts,
    DeviceFacts,
    MessageFacts,
    Refused,
    Waits,
    decide,
)
from campaigns.facts import fetch_unlocked
from campaigns.gate import find_targets
from campaigns.ledger import Claimed
from campaigns.models import State
from campaigns.parsing import CampaignCall, Recipient, Rejected, parse_consumers
from campaigns.scheduling import check_start
from campaigns.sending import Sending
from campaigns.services import KIND_OF, refusal
from campaigns.windows import zone_named
from common.ids import uuid7s
from conversations.models import Source
from push.services import Ways, measure


@dataclass(frozen=True, slots=True)
class TargetForecast:
    """A device that would be pushed to; ``is_preview``: its text had to be cut to fit."""

    platform: str
    app_name: str
    payload_bytes: int
    is_preview: bool


@dataclass(frozen=True, slots=True)
class Forecast:
    """``reason`` says why nothing would go out, or why not at once; ``goes_out_at`` is None where
    nothing would."""

    recipient: Recipient
    title: str
    reason: str
    goes_out_at: datetime | None
    time_zone: str
    targets: Sequence[TargetForecast] = ()


@dataclass(frozen=True, slots=True)
class Preflight:
    forecasts: Sequence[Forecast]
    rejected: Sequence[Rejected]


def preflight(
    *, account: Account, call: CampaignCall, now: datetime, source: Source = Source.API
) -> Preflight:
    """Check a call as ``create_campaign`` does, and say what would become of each recipient.

    :raises UnknownSkill, UnknownHandoff, HandoffInactive, HandoffNotInApp: as there.
    :raises InvalidRequest: it would start too far ahead.
    """
    check_start(call.schedule, now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        terms = accepting.find_terms(
            account_id=account.pk,
            skill_name=call.skill_name,
            handoff_id=call.handoff_id,
            kind=KIND_OF[source],
        )
        if terms is None:
            raise refusal(account, call, KIND_OF[source])
        recipients, rejected = parse_consumers(
            call.consumers, text=terms.handoff.text, title=terms.handoff.notification_title
        )
        campaign = _campaign(account, call, terms, source)
        rows = _rows(campaign, recipients, now)
        known = fetch_unlocked(rows, {campaign.id: campaign}, now=now)
        outlooks = [_look_ahead(row, facts, now) for row, facts in known]
        ways = _find_ways(outlooks)
        forecasts = [
            _forecast(recipient, outlook, ways, now)
            for recipient, outlook in zip(recipients, outlooks, strict=True)
        ]
    return Preflight(forecasts, rejected)


def _campaign(account: Account, call: CampaignCall, terms: Terms, source: Source) -> CampaignFacts:
    handoff = terms.handoff.snapshot()
    apps = account.apps.filter(bundle_id__in=handoff["app_names"])
    return CampaignFacts(
        id=0,
        public_id="",
        account_number=account.number,
        account_id=account.pk,
        name=call.name,
        engagement_name="",
        skill_id=terms.skill_id,
        le_campaign_id=terms.le_campaign_id,
        le_engagement_id=terms.le_engagement_id,
        source=source,
        is_cancelled=False,
        handoff=handoff,
        app_ids=tuple(apps.values_list("pk", flat=True)),
        schedule=call.schedule,
        time_zone=account.time_zone,
    )


def _rows(campaign: CampaignFacts, recipients: Sequence[Recipient], now: datetime) -> list[Claimed]:
    """What the ledger would hold, as a worker would claim it."""
    return [
        Claimed(
            id=number,
            public_id=public_id,
            account_id=campaign.account_id,
            campaign_id=campaign.id,
            consumer_ref=recipient.ref,
            title=recipient.title,
            text=recipient.text,
            fence=1,
            attempts=0,
            expires_at=now,  # until it is known when the lookback begins
            created_at=now,
            was=State.QUEUED,
        )
        for number, (public_id, recipient) in enumerate(
            zip(uuid7s(len(recipients)), recipients, strict=True)
        )
    ]


@dataclass(frozen=True, slots=True)
class _Outlook:
    """What the rules say of a message at the first instant at which it may go out."""

    row: Claimed
    facts: MessageFacts
    opens_at: datetime
    verdict: Refused | Waits | Allowed


def _look_ahead(row: Claimed, facts: MessageFacts, now: datetime) -> _Outlook:
    schedule, handoff = facts.campaign.schedule, facts.campaign.handoff
    opens_at = schedule.opens_at(zone_named(facts.time_zone), now)
    expires_at = opens_at + timedelta(seconds=handoff["lookback_seconds"])
    facts = replace(facts, expires_at=expires_at)
    row = replace(row, expires_at=expires_at)
    return _Outlook(row, facts, opens_at, decide(facts, now=opens_at))


def _find_ways(outlooks: Sequence[_Outlook]) -> Ways:
    devices = (
        device
        for outlook in outlooks
        if isinstance(outlook.verdict, Allowed)
        for device in outlook.verdict.devices
    )
    return Ways(device.credential_id for device in devices if device.credential_id)


def _forecast(recipient: Recipient, outlook: _Outlook, ways: Ways, now: datetime) -> Forecast:
    zone = outlook.facts.time_zone
    if not isinstance(outlook.verdict, Allowed):
        reason = outlook.verdict.reason
        return Forecast(recipient, recipient.title, reason, None, zone)
    waits = outlook.opens_at > now
    return Forecast(
        recipient=recipient,
        title=recipient.title or outlook.verdict.devices[0].app_title,
        reason=outlook.facts.campaign.schedule.wait_reason(now) if waits else "",
        goes_out_at=outlook.opens_at,
        time_zone=zone,
        targets=_targets(outlook, outlook.verdict.devices, ways),
    )


def _targets(outlook: _Outlook, devices: Sequence[DeviceFacts], ways: Ways) -> list[TargetForecast]:
    targets = find_targets(devices, ways)
    sending = Sending(outlook.row, outlook.facts, targets, has_spare=False)
    jobs = sending.jobs(outlook.opens_at)
    sizes = [measure(job, now=outlook.opens_at) for job in jobs]
    return [
        TargetForecast(device.platform, device.app_name, size.payload_bytes, size.is_preview)
        for (device, _), size in zip(targets, sizes, strict=True)
    ]
