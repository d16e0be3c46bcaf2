"""One agent's message on its way: what is asked of its providers, and what its push becomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from consumers.models import Device
from conversations.eligibility import PushFacts
from conversations.models import PushState
from conversations.pushes.content import push_request
from conversations.pushes.queue import Settled
from push.breakers import PROBE_INTERVAL
from push.health import tells
from push.providers.base import Outcome, PushResult
from push.services import PushJob
from push.ways import Way

# Seconds after which a request that found no place is tried again, uncounted.
NOT_STARTED_WAIT = 1.0
AGAIN = frozenset({Outcome.RETRY, Outcome.UNKNOWN, Outcome.MISCONFIGURED})
HELD_UP = "provider_held_up"

_rng = Random()


class Target(NamedTuple):
    """A device and the way to it."""

    device: Device
    way: Way


@dataclass(slots=True)
class Sending:
    """A claimed push whose requests are under way, one a device.

    ``held_for``: in so many seconds the devices that are left out now may be reached; None where
    there are none. ``is_probe``: it goes to try a way that is held up.
    """

    facts: PushFacts
    fence: int
    targets: Sequence[Target]
    held_for: float | None = None
    is_probe: bool = False
    results: list[PushResult] = field(default_factory=list)
    is_settled: bool = False

    @property
    def is_done(self) -> bool:
        return len(self.results) == len(self.targets)

    @property
    def has_arrived(self) -> bool:
        """As soon as one device has it the others are not tried again: the dialog has it too."""
        return any(result.outcome is Outcome.ACCEPTED for result in self.results)

    def way(self, device_id: int) -> Way:
        return next(target.way for target in self.targets if target.device.pk == device_id)

    def jobs(self) -> list[PushJob]:
        facts = self.facts
        return [
            PushJob(
                way.provider,
                push_request(facts.push, device, sequence=facts.sequence, badge=facts.badge),
            )
            for device, way in self.targets
        ]

    def outcome(self) -> Settled:
        """What the push becomes when a device took it, or when all have answered."""
        if self.has_arrived:
            return self._becomes(PushState.SENT)
        waits = {result.device_id: self._wait(result) for result in self.results}
        tries = {
            **self.facts.push.tries,
            **{str(r.device_id): self._tried(r, waits[r.device_id]) for r in self.results},
        }
        left = [wait for wait in (*waits.values(), self.held_for) if wait is not None]
        reason = self.results[-1].reason
        if not left:
            return self._becomes(PushState.FAILED, reason=reason, tries=tries)
        return self._becomes(PushState.QUEUED, reason=reason, due_in=min(left), tries=tries)

    def _becomes(
        self,
        state: PushState,
        *,
        reason: str = "",
        due_in: float | None = None,
        tries: Mapping[str, Mapping[str, int]] | None = None,
    ) -> Settled:
        started = int(any(result.is_started for result in self.results))
        push = self.facts.push
        return Settled(push.pk, self.fence, state, reason, due_in, started, tries or {})

    def _wait(self, result: PushResult) -> float | None:
        """Seconds until this device is tried again, None when it is not."""
        if not result.is_started and result.outcome is not Outcome.MISCONFIGURED:
            return max(NOT_STARTED_WAIT, result.retry_after or 0.0)
        past = self._past(result)
        # An answer that was lost twice is not asked for again.
        if result.outcome not in AGAIN or (result.outcome is Outcome.UNKNOWN and past["unknown"]):
            return None
        is_unavailable = result.reason == "provider_unavailable"
        # A contract that counts 5xx answers counts only those.
        attempt = past["unavailable"] if is_unavailable else self.facts.push.attempts
        wait = self.way(result.device_id).provider.retry.wait(result, attempt + 1, _rng)
        if self._is_held_up(result):
            # The breaker paces what is held up, whatever the contract says of single messages.
            return max(PROBE_INTERVAL.total_seconds(), wait or 0.0)
        return wait

    def _is_held_up(self, result: PushResult) -> bool:
        if result.outcome is Outcome.MISCONFIGURED:
            return True
        return self.is_probe and tells(result) is False

    def _tried(self, result: PushResult, wait: float | None) -> dict[str, int]:
        """What is known of the device after this answer. Probes are none of the tries that a
        provider's contract counts."""
        past = self._past(result)
        is_unavailable = result.reason == "provider_unavailable" and not self.is_probe
        return {
            "unknown": past["unknown"] + (result.outcome is Outcome.UNKNOWN),
            "unavailable": past["unavailable"] + is_unavailable,
            "over": int(wait is None),
        }

    def _past(self, result: PushResult) -> Mapping[str, int]:
        none = {"unknown": 0, "unavailable": 0, "over": 0}
        past: Mapping[str, int] = self.facts.push.tries.get(str(result.device_id), none)
        return past
