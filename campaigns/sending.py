"""One message on its way: what is asked of its providers, and what it becomes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from campaigns.eligibility import (
    DeviceFacts,
    MessageFacts,
    Refused,
    Waits,
    lookback_over,
    not_yet,
)
from campaigns.lanes import ASIDE
from campaigns.ledger import Claimed, Event, Settled
from campaigns.models import EventKind, State
from campaigns.pushes import push_request, sdk_data
from conversations.services import NewRoute
from push.breakers import PROBE_INTERVAL
from push.health import tells
from push.providers.base import Outcome, PushResult
from push.services import PushJob
from push.ways import Way

# Why a message waits whose provider is held up.
HELD_UP = "provider_held_up"
# Seconds for which a message whose probe failed makes way for others.
PROBED_WAIT = 60.0
# Seconds after which a request that found no place is tried again, uncounted.
NOT_STARTED_WAIT = 1.0

_rng = Random()


class Target(NamedTuple):
    """A device and the way to it."""

    device: DeviceFacts
    way: Way


@dataclass(slots=True)
class Sending:
    """A claimed message whose requests are under way, one a device.

    ``has_spare``: there are other devices, should these be gone. ``probed_at``: it was let through
    to try a way that is held up.
    """

    row: Claimed
    facts: MessageFacts
    targets: Sequence[Target]
    has_spare: bool
    probed_at: datetime | None = None
    results: list[PushResult] = field(default_factory=list)
    is_settled: bool = False

    @property
    def is_probe(self) -> bool:
        return self.probed_at is not None

    @property
    def is_done(self) -> bool:
        return len(self.results) == len(self.targets)

    @property
    def repeats(self) -> int:
        """Pushes whose first answer was lost."""
        unknown = self.facts.past.unknown
        return sum(target.device.id in unknown for target in self.targets) if unknown else 0

    def is_shut(self, shut: Collection[str]) -> bool:
        """Whether each way of it has one of these scopes."""
        return all(any(s.key in shut for s in target.way.scopes) for target in self.targets)

    def jobs(self, now: datetime) -> list[PushJob]:
        data = sdk_data(self.row, self.facts, now)
        unopened = self.facts.consumer.unopened if self.facts.consumer else 0
        return [
            PushJob(way.provider, push_request(self.row, device, data, unopened=unopened))
            for device, way in self.targets
        ]

    def too_late(self, now: datetime) -> Settled | None:
        """What the message becomes when its window or its lookback ended since it was checked."""
        if over := lookback_over(self.facts, now):
            return refuse(self.row, over)
        shut = not_yet(self.facts, now)
        return wait(self.row, shut) if shut else None

    def target(self, device_id: int) -> Target:
        first = self.targets[0]
        if first.device.id == device_id:
            return first
        return next(target for target in self.targets if target.device.id == device_id)

    def outcome(self, now: datetime) -> Settled:
        """What the message becomes when a device took it, or when all have answered."""
        started = int(any(result.is_started for result in self.results))
        accepted = next((r for r in self.results if r.outcome is Outcome.ACCEPTED), None)
        if accepted is not None:
            app_name = self.target(accepted.device_id).device.app_name
            return self._becomes(State.SENT, app_name=app_name, started=started)
        waits = [wait for result in self.results if (wait := self._wait(result)) is not None]
        if not waits and self.has_spare:
            # The device used last is gone: another one gets the message, at once.
            waits = [0.0]
        if not waits:
            return self._becomes(State.FAILED, reason=self.results[-1].reason, started=started)
        due_at = now + timedelta(seconds=min(waits))
        if any(self._is_held_up(result) for result in self.results):
            return put_aside(self.row, due_at, started=started)
        if due_at >= self.row.expires_at:
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
        if not result.is_started and result.outcome is not Outcome.MISCONFIGURED:
            return max(NOT_STARTED_WAIT, result.retry_after or 0.0)
        if result.outcome is Outcome.UNKNOWN and result.device_id in self.facts.past.unknown:
            return None
        if result.outcome not in {Outcome.RETRY, Outcome.UNKNOWN, Outcome.MISCONFIGURED}:
            return None
        retry = self.target(result.device_id).way.provider.retry
        wait = retry.wait(result, self._attempt(result), _rng)
        if self._is_held_up(result):
            # The breaker paces what is held up, whatever the contract says of single messages.
            least = PROBED_WAIT if self.is_probe else PROBE_INTERVAL.total_seconds()
            return max(least, wait or 0.0)
        return wait

    def _is_held_up(self, result: PushResult) -> bool:
        if result.outcome is Outcome.MISCONFIGURED:
            return True
        return self.is_probe and tells(result) is False

    def _attempt(self, result: PushResult) -> int:
        """Which try this was; a contract that counts 5xx answers counts only those."""
        if result.reason == "provider_unavailable":
            return self.facts.past.unavailable.get(result.device_id, 0) + 1
        return self.row.attempts + 1

    def event(self, result: PushResult, now: datetime) -> Event:
        """The timeline's line for one answer. Probes are none of the tries that a provider's
        contract counts, so they are told apart by their reason."""
        is_probe = self.is_probe and result.outcome is Outcome.RETRY
        return Event(
            message_id=self.row.id,
            account_id=self.row.account_id,
            fence=self.row.fence,
            kind=EventKind.PUSH,
            at=now,
            device_id=result.device_id,
            provider=self.target(result.device_id).way.provider.kind,
            outcome=result.outcome,
            reason=HELD_UP if is_probe else result.reason,
            detail=result.detail,
            provider_id=result.provider_id[:200],
            elapsed_ms=result.elapsed_ms,
        )


def again(row: Claimed, seconds: float, *, started: int = 0, lane: str = "") -> Settled:
    """The row goes back to the queue, and is due again in ``seconds``."""
    return Settled(row.id, row.fence, State.QUEUED, due_in=seconds, started=started, lane=lane)


def wait_until(row: Claimed, moment: datetime, reason: str) -> Settled:
    """The row goes back to the queue until then, its lookback's end at the latest; no try is
    counted."""
    due_at = min(moment, row.expires_at)
    return Settled(row.id, row.fence, State.QUEUED, reason, due_at=due_at)


def put_aside(row: Claimed, due_at: datetime, *, started: int = 0) -> Settled:
    """The row waits for its provider, apart from those whose providers work."""
    return replace(wait_until(row, due_at, HELD_UP), lane=ASIDE, started=started)


def refuse(row: Claimed, verdict: Refused) -> Settled:
    """The row ends here."""
    return Settled(row.id, row.fence, verdict.state, verdict.reason)


def wait(row: Claimed, verdict: Waits) -> Settled:
    """The row goes back to the queue until it may go out."""
    return wait_until(row, verdict.until, verdict.reason)


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
        # What was accepted before there was the choice has no word of it.
        takes_all=campaign.handoff.get("route_all_within_lookback", False),
    )
