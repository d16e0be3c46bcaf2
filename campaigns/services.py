"""Creating and cancelling campaigns, and archiving a handoff that campaigns may still use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.audit import record
from accounts.limits import taking_recipients
from accounts.models import Account, User
from campaigns import accepting, cancelling
from campaigns.accepting import Terms
from campaigns.announcements import announce_cancelled, announce_empty, take_turns
from campaigns.idempotency import KeyedCall
from campaigns.models import PENDING, Campaign, OutboundMessage, RejectedRecipient
from campaigns.parsing import CampaignCall, Rejected, parse_consumers
from campaigns.recipients import Accepted, new_messages
from campaigns.scheduling import check_start
from campaigns.tasks import wake
from campaigns.windows import Schedule
from common.errors import Conflict, DomainError
from common.ids import uuid7s
from common.limits import Standing
from conversations.models import Source
from conversations.services import close_routes
from handoffs import services as handoffs
from handoffs.models import Channel, Handoff, Kind

# What a call of each kind refers to.
KIND_OF = {Source.API: Kind.PROACTIVE, Source.IVR: Kind.IVR}


class UnknownSkill(DomainError):
    """The account has no skill of that name."""

    key = "unknown_skill"


class UnknownHandoff(DomainError):
    """The account has no such handoff."""

    key = "unknown_handoff"


class HandoffInactive(DomainError):
    """The handoff is switched off or archived."""

    key = "handoff_inactive"


class HandoffNotInApp(DomainError):
    """The handoff is for another channel or purpose."""

    key = "handoff_not_inapp"


class HandoffInUse(Conflict):
    """Campaigns that use the handoff are still going out."""

    key = "handoff_in_use"


@dataclass(frozen=True, slots=True)
class CreatedCampaign:
    campaign: Campaign
    accepted: Sequence[Accepted]
    rejected: Sequence[Rejected]


@dataclass(frozen=True, slots=True)
class Once:
    """A call that is carried out once, and what is kept of its answer for repetitions."""

    call: KeyedCall
    outcome: Callable[[CreatedCampaign], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class AcceptedCall:
    """What came of a call, and where the account stands with its recipients of the day."""

    created: CreatedCampaign
    day: Standing


def accept_call(
    *,
    account: Account,
    call: CampaignCall,
    client_id: str,
    trace_id: UUID,
    now: datetime,
    once: Once | None = None,
) -> AcceptedCall:
    """Create the campaign of a brand's call, within the account's recipients of the day (A4).

    :raises LimitReached: the day has not so many left.
    :raises KeyTaken, KeyInUse: another call with the same key was first.
    """
    with taking_recipients(account, len(call.consumers), now=now) as taken:
        created = create_campaign(
            account=account, call=call, client_id=client_id, trace_id=trace_id, now=now, once=once
        )
        taken.unused = len(created.rejected)
    return AcceptedCall(created, taken.standing)


def create_campaign(
    *,
    account: Account,
    call: CampaignCall,
    client_id: str,
    trace_id: UUID,
    now: datetime,
    source: Source = Source.API,
    once: Once | None = None,
) -> CreatedCampaign:
    """Accept a call: one campaign with a snapshot of its handoff, one row for each recipient.

    Workers are woken after the commit.

    :raises UnknownSkill, UnknownHandoff, HandoffInactive, HandoffNotInApp: nothing was stored.
    :raises InvalidRequest: it would start too far ahead.
    """
    check_start(call.schedule, now)
    with transaction.atomic():
        if once:
            once.call.claim(now=now)
        terms = accepting.hold_terms(
            account_id=account.pk,
            skill_name=call.skill_name,
            handoff_id=call.handoff_id,
            kind=KIND_OF[source],
        )
        if terms is None:
            raise refusal(account, call, KIND_OF[source])
        handoff = terms.handoff
        recipients, rejected = parse_consumers(
            call.consumers, text=handoff.text, title=handoff.notification_title
        )
        accepted = [
            Accepted(public_id, recipient)
            for public_id, recipient in zip(uuid7s(len(recipients)), recipients, strict=True)
        ]
        campaign = _store_campaign(
            account, call, terms, source, client_id, trace_id, len(accepted), now
        )
        lanes = _store_recipients(campaign, call.schedule, handoff, accepted, rejected, now)
        created = CreatedCampaign(campaign, accepted, rejected)
        if not accepted:
            announce_empty(campaign, now=now)
        if once:
            once.call.keep(campaign=campaign, outcome=once.outcome(created))
        transaction.on_commit(partial(wake, lanes))
    return created


def refusal(account: Account, call: CampaignCall, kind: Kind) -> DomainError:
    """Which of the names in the call cannot be used, and why."""
    if not account.skills.filter(name=call.skill_name).exists():
        return UnknownSkill(
            f"This account has no skill named “{call.skill_name}”.", pointer="/skill"
        )
    handoff = account.handoffs.filter(public_id=call.handoff_id).first()
    pointer = "/templateId"
    if handoff is None:
        return UnknownHandoff(
            f"This account has no handoff {call.handoff_id}. Copy the id from API Handoffs.",
            pointer=pointer,
        )
    if handoff.kind != kind or Channel.INAPP not in handoff.channels:
        wanted = "a proactive In-App handoff" if kind == Kind.PROACTIVE else "an IVR In-App handoff"
        return HandoffNotInApp(f"Handoff {call.handoff_id} is not {wanted}.", pointer=pointer)
    return HandoffInactive(
        f"Handoff {call.handoff_id} is switched off. Switch it on, or use another.",
        pointer=pointer,
    )


def _store_campaign(
    account: Account,
    call: CampaignCall,
    terms: Terms,
    source: Source,
    client_id: str,
    trace_id: UUID,
    accepted: int,
    now: datetime,
) -> Campaign:
    return Campaign.objects.create(
        account=account,
        le_campaign_id=terms.le_campaign_id,
        le_engagement_id=terms.le_engagement_id,
        trace_id=trace_id,
        source=source,
        channel=Channel.INAPP,
        name=call.name,
        handoff=terms.handoff,
        skill_id=terms.skill_id,
        skill_name=terms.skill_name,
        handoff_snapshot=terms.handoff.snapshot(),
        client_id=client_id,
        requested=len(call.consumers),
        accepted=accepted,
        windows=[window.stored() for window in call.schedule.windows] or None,
        start_at=call.schedule.start_at,
        created_at=now,
    )


def _store_recipients(
    campaign: Campaign,
    schedule: Schedule,
    handoff: Handoff,
    accepted: Sequence[Accepted],
    rejected: Sequence[Rejected],
    now: datetime,
) -> set[str]:
    RejectedRecipient.objects.bulk_create(
        RejectedRecipient(
            campaign=campaign, position=r.position, consumer_ref=r.ref, error=r.error[:300]
        )
        for r in rejected
    )
    if not accepted:
        return set()
    return accepting.insert_messages(
        account_id=campaign.account_id,
        campaign_id=campaign.pk,
        app_names=handoff.app_names,
        messages=new_messages(
            accepted,
            account=campaign.account,
            schedule=schedule,
            lookback=handoff.lookback,
            now=now,
        ),
        now=now,
    )


@dataclass(frozen=True, slots=True)
class Cancelled:
    """``cancelled`` never go out; ``in_flight`` are with a provider and end as what happens."""

    cancelled: int
    in_flight: int


@transaction.atomic
def cancel_campaign(*, campaign: Campaign, by: User | str, now: datetime) -> Cancelled:
    """Stop what is not yet handed to a provider; again and again gives the same answer.

    A campaign of which nothing is left stays completed, and nobody is told.
    """
    gone = cancelling.cancel_queued(campaign_id=campaign.pk, now=now)
    close_routes(message_ids=gone)
    take_turns([campaign.pk])
    waiting = campaign.messages.filter(state__in=PENDING).count()
    is_first = bool(gone or waiting) and _mark_cancelled(campaign, by=by, now=now)
    campaign.refresh_from_db(fields=["cancelled_at", "cancelled_by"])
    if is_first:
        record(
            by=by,
            account=campaign.account,
            verb="campaign_cancelled",
            target=campaign,
            changes={"cancelled_messages": [0, len(gone)]},
        )
        announce_cancelled(campaign, in_flight=waiting, now=now)
    return Cancelled(campaign.tallies.all().totals().get("cancelled", 0), waiting)


def _mark_cancelled(campaign: Campaign, *, by: User | str, now: datetime) -> bool:
    """Whether this was the first time."""
    running = Campaign.objects.filter(pk=campaign.pk, cancelled_at__isnull=True)
    return running.update(cancelled_at=now, cancelled_by=str(by)[:254]) > 0


@transaction.atomic
def archive_handoff(*, handoff: Handoff, by: User | str, now: datetime) -> None:
    """Take a handoff out of use; the only way to archive one (B5).

    :raises HandoffInUse: campaigns that use it are still going out.
    """
    # Locks out calls that name the handoff until this is decided.
    Handoff.objects.select_for_update().get(pk=handoff.pk)
    waiting = count_waiting(handoff)
    if waiting:
        raise HandoffInUse(
            f"{waiting:,} messages of this handoff are still going out. "
            "Archive it when they are done, or cancel their campaigns.",
            waiting=waiting,
        )
    handoffs.archive_handoff(handoff=handoff, by=by, now=now)


def count_waiting(handoff: Handoff) -> int:
    """Messages of all campaigns of the handoff that have not ended yet."""
    return OutboundMessage.objects.filter(
        account=handoff.account_id, state__in=PENDING, campaign__handoff=handoff
    ).count()
