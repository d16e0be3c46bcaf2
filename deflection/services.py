"""IVR deflection (H1): may this caller be sent a message instead of waiting, and: send it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Account
from campaigns.models import Campaign
from campaigns.parsing import CampaignCall
from campaigns.preflight import preflight
from campaigns.services import create_campaign
from common.errors import FieldError, InvalidRequest
from conversations.models import Source
from deflection.errors import ChannelNotAvailable, NotEligible, OverriddenSkillUnknown
from deflection.models import GOOD_FOR, DeflectionCall
from handoffs.models import Channel


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is on the line, as the IVR asks."""

    consumer_ref: str
    handoff_id: str
    skill_name: str
    ivr_number: str = ""


def check_eligibility(*, account: Account, caller: Caller, now: datetime) -> DeflectionCall:
    """Ask the rules of delivery about this caller, and keep the answer for `invite`.

    :raises UnknownSkill, UnknownHandoff, HandoffInactive, HandoffNotInApp: as for a campaign.
    :raises InvalidRequest: no consumer can have this id, or the handoff's text wants variables.
    """
    checked = preflight(
        account=account, call=_as_call(caller, name="Eligibility"), now=now, source=Source.IVR
    )
    for rejected in checked.rejected:
        raise InvalidRequest([FieldError("/consumerId", "invalid", rejected.error)])
    (forecast,) = checked.forecasts
    return DeflectionCall.objects.create(
        account=account,
        handoff=account.handoffs.get(public_id=caller.handoff_id),
        skill=account.skills.get(name=caller.skill_name),
        consumer_ref=caller.consumer_ref,
        ivr_number=caller.ivr_number,
        reason=forecast.reason,
        created_at=now,
    )


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the call wants instead of what eligibility was asked with; empty: nothing."""

    channel: str = ""
    skill_name: str = ""


@transaction.atomic
def invite(
    *,
    account: Account,
    call_id: UUID,
    overrides: Overrides,
    client_id: str,
    trace_id: UUID,
    now: datetime,
) -> DeflectionCall:
    """Send the handoff's message to the caller, once: a repeated invite is answered alike.

    :raises DeflectionCall.DoesNotExist: there was no such call within the last hour.
    :raises NotEligible, ChannelNotAvailable, OverriddenSkillUnknown: nothing is sent.
    """
    call = (
        DeflectionCall.objects.select_for_update(of=("self",))
        .select_related("handoff", "skill")
        .get(account=account, call_id=call_id, created_at__gt=now - GOOD_FOR)
    )
    _check(overrides, account, call)
    if call.campaign_id is not None:
        return call
    if call.reason:
        raise NotEligible("The consumer of this call cannot be sent a message now.")
    call.campaign = _send(account, call, overrides, client_id, trace_id, now)
    call.save(update_fields=["campaign"])
    return call


def _check(overrides: Overrides, account: Account, call: DeflectionCall) -> None:
    if overrides.channel and overrides.channel not in call.handoff.channels:
        raise ChannelNotAvailable(
            f"Handoff {call.handoff.public_id} has no channel {overrides.channel[:20]}.",
            pointer="/overrideChannel",
        )
    name = overrides.skill_name
    if name and not account.skills.filter(name=name).exists():
        raise OverriddenSkillUnknown(
            f"This account has no skill named “{name[:100]}”.", pointer="/overrideSkill"
        )


def _send(
    account: Account,
    call: DeflectionCall,
    overrides: Overrides,
    client_id: str,
    trace_id: UUID,
    now: datetime,
) -> Campaign:
    caller = Caller(
        consumer_ref=call.consumer_ref,
        handoff_id=call.handoff.public_id,
        skill_name=overrides.skill_name or call.skill.name,
    )
    created = create_campaign(
        account=account,
        call=_as_call(caller, name=call.handoff.title),
        client_id=client_id,
        trace_id=trace_id,
        now=now,
        source=Source.IVR,
    )
    return created.campaign


def _as_call(caller: Caller, *, name: str) -> CampaignCall:
    """The campaign of one that a deflection is."""
    return CampaignCall(
        name=name,
        skill_name=caller.skill_name,
        handoff_id=caller.handoff_id,
        consumers=[{"consumerContent": {str(Channel.INAPP): caller.consumer_ref}}],
        warnings=[],
    )
