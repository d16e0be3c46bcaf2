"""One message on its way: what is asked of its providers, and what it becomes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from campaigns.eligibility import (
    DeviceFacts,
    MessageFacts,
    Refused,
    Waits,
    lookback_over,
    not_yet,
)
from campaigns.ledger import Claimed, Event, Settled
from campaigns.models import EventKind, State
from conversations.models import Source
from conversations.services import NewRoute
from push.providers.base import DeviceTarget, Outcome, Provider, PushRequest, PushResult
from push.services import PushJob

# Seconds for which a provider that refused our credential is left alone.
HOLD = 5.0
# Seconds after which a request that found no place is tried again, uncounted.
NOT_STARTED_WAIT = 1.0

BACKEND_SERVICES = {Source.API: "prmsg", Source.IVR: "c2m"}

_rng = Random()

Target = tuple[DeviceFacts, Provider]


@dataclass(slots=True)
class Sending:
    """A claimed message whose requests are under way, one a device."""

    row: Claimed
    facts: MessageFacts
    targets: Sequence[Target]
    has_spare: bool
    results: list[PushResult] = field(default_factory=list)
    is_settled: bool = False

    @property
    def is_done(self) -> bool:
        return len(self.results) == len(self.targets)

    def jobs(self, now: datetime) -> list[PushJob]:
        data = _sdk_data(self.row, self.facts, now)
        return [PushJob(provider, self._request(device, data)) for device, provider in self.targets]

    def too_late(self, now: datetime) -> Settled | None:
        """What the message becomes when its window or its lookback ended since it was checked."""
        if over := lookback_over(self.facts, now):
            return refuse(self.row, over)
        shut = not_yet(self.facts, now)
        return wait(self.row, shut) if shut else None

    def target(self, device_id: int) -> Target:
        return next(target for target in self.targets if target[0].id == device_id)

    def outcome(self, now: datetime) -> Settled:
        """What the message becomes when a device took it, or when all have answered."""
        started = int(any(result.is_started for result in self.results))
        accepted = next((r for r in self.results if r.outcome is Outcome.ACCEPTED), None)
        if accepted is not None:
            app_name = self.target(accepted.device_id)[0].app_name
            return self._becomes(State.SENT, app_name=app_name, started=started)
        waits = [wait for result in self.results if (wait := self._wait(result)) is not None]
        if not waits and self.has_spare:
            # The device used last is gone: another one gets the message, at once.
            waits = [0.0]
        if not waits:
            return self._becomes(State.FAILED, reason=self.results[-1].reason, started=started)
        if now + timedelta(seconds=min(waits)) >= self.row.expires_at:
            return self._becomes(State.EXPIRED, reason="lookback_over", started=started)
        return again(self.row, min(waits), started=started)

    def _becomes(
        self, state: State, *, reason: str = "", app_name: str = "", started: int
    ) -> Settled:
        return Settled(
            self.row.id, self.row.fence, state, reason, app_name=app_name, started=started
        )

    def _wait(self, result: PushResult) -> float | None:
        """Seconds until this device is tried again, None when it is not."""
        if not result.is_started:
            return max(NOT_STARTED_WAIT, result.retry_after or 0.0)
        if result.outcome is Outcome.MISCONFIGURED:
            return HOLD
        if result.outcome is Outcome.UNKNOWN and result.device_id in self.facts.past.unknown:
            return None
        if result.outcome in {Outcome.RETRY, Outcome.UNKNOWN}:
            _, provider = self.target(result.device_id)
            return provider.retry.wait(result, self._attempt(result), _rng)
        return None

    def _attempt(self, result: PushResult) -> int:
        """Which try this was; a contract that counts 5xx answers counts only those."""
        if result.reason == "provider_unavailable":
            return self.facts.past.unavailable.get(result.device_id, 0) + 1
        return self.row.attempts + 1

    def event(self, result: PushResult, now: datetime) -> Event:
        """The timeline's line for one answer."""
        return Event(
            message_id=self.row.id,
            account_id=self.row.account_id,
            fence=self.row.fence,
            kind=EventKind.PUSH,
            at=now,
            device_id=result.device_id,
            provider=self.target(result.device_id)[1].kind,
            outcome=result.outcome,
            reason=result.reason,
            detail=result.detail,
            provider_id=result.provider_id[:200],
            elapsed_ms=result.elapsed_ms,
        )

    def _request(self, device: DeviceFacts, data: dict[str, str]) -> PushRequest:
        return PushRequest(
            message_id=self.row.public_id.hex,
            device_id=device.id,
            target=DeviceTarget(
                device.platform,
                device.token,
                device.p256dh,
                device.auth,
                device.environment,
                device.app_name,
            ),
            badge=1,
            title=self.row.title or device.app_title,
            body=self.row.text,
            expires_at=self.row.expires_at,
            data=data,
            attempt=self.row.attempts + 1,
        )


def _sdk_data(row: Claimed, facts: MessageFacts, now: datetime) -> dict[str, str]:
    """The keys that LivePerson's SDK reads (``liveperson.md`` 4.4)."""
    campaign = facts.campaign
    left = row.expires_at - now
    return {
        "id": row.public_id.hex,
        "brandId": str(campaign.account_number),
        "backendService": BACKEND_SERVICES[Source(campaign.source)],
        "lookBackPeriod": str(max(0, int(left.total_seconds() * 1000))),
        "transactionId": str(row.public_id),
        "expirationEpochTime": str(int(row.expires_at.timestamp())),
        "leCampaignId": str(campaign.le_campaign_id),
        "leEngagementId": str(campaign.le_engagement_id),
        "externalConsumerId": row.consumer_ref,
    }


def again(row: Claimed, seconds: float, *, started: int = 0, lane: str = "") -> Settled:
    """The row goes back to the queue, and is due again in ``seconds``."""
    return Settled(row.id, row.fence, State.QUEUED, due_in=seconds, started=started, lane=lane)


def refuse(row: Claimed, verdict: Refused) -> Settled:
    """The row ends here."""
    return Settled(row.id, row.fence, verdict.state, verdict.reason)


def wait(row: Claimed, verdict: Waits) -> Settled:
    """The row goes back to the queue until it may go out; no try is counted."""
    return Settled(row.id, row.fence, State.QUEUED, verdict.reason, due_at=verdict.until)


def row_event(row: Claimed, kind: EventKind, now: datetime, *, reason: str = "") -> Event:
    """A line that concerns the message, not one of its devices."""
    return Event(
        message_id=row.id,
        account_id=row.account_id,
        fence=row.fence,
        kind=kind,
        at=now,
        reason=reason,
    )


def reply_route(row: Claimed, facts: MessageFacts) -> NewRoute:
    """Where an answer to this message will go."""
    campaign = facts.campaign
    return NewRoute(
        account_id=row.account_id,
        message_id=row.public_id,
        consumer_ref=row.consumer_ref,
        skill_id=campaign.skill_id,
        source=campaign.source,
        campaign_id=campaign.public_id,
        campaign_name=campaign.name,
        engagement_name=campaign.engagement_name,
        handoff_id=campaign.handoff["id"],
        handoff_title=campaign.handoff["title"],
        app_names=campaign.handoff["app_names"],
        title=row.title,
        text=row.text,
        valid_from=row.expires_at - timedelta(seconds=campaign.handoff["lookback_seconds"]),
        valid_until=row.expires_at,
    )
