"""What one batch learns of the ways that its pushes take, and what it does about it."""

from datetime import datetime

from django.conf import settings

from campaigns.holds import pass_on, wake_held
from campaigns.ledger import Settled
from campaigns.sending import Sending, put_aside
from push.breakers import PROBE_INTERVAL, Watched
from push.health import Health, tells
from push.judging import note
from push.providers.base import PushResult


class Lookout:
    def __init__(self) -> None:
        self.watched = Watched()
        self._health = Health()
        self._shut: set[str] = set()
        self._failed_probes: list[Sending] = []

    @property
    def is_urgent(self) -> bool:
        """Whether it should be reported at once."""
        return self._health.is_urgent

    def add(self, sending: Sending, result: PushResult) -> None:
        way = sending.target(result.device_id).way
        self._health.add(way, result, is_probe=sending.is_probe)
        if sending.is_probe and not tells(result):
            self._failed_probes.append(sending)

    def hold_back(self, sending: Sending, now: datetime) -> Settled | None:
        """What a message becomes when all its ways were shut since it was checked."""
        if not self._shut or sending.is_probe or not sending.is_shut(self._shut):
            return None
        return put_aside(sending.row, now + PROBE_INTERVAL)

    def report(self, *, now: datetime) -> set[str]:
        """Tell the breakers, and wake what waited for one that closed; returns the lanes that got
        work from it. Outside a transaction."""
        noted = note(self._health, watched=self.watched, now=now)
        self._health = Health()
        self._shut |= noted.shut
        if noted.reopened:
            wake_held(limit=settings.DELIVERY_CLAIM)
        for probe in self._failed_probes:
            assert probe.probed_at is not None
            due_at = max(now, probe.probed_at + PROBE_INTERVAL)
            pass_on(account_id=probe.row.account_id, last=probe.row.id, due_at=due_at)
        self._failed_probes = []
        return set(noted.reopened)
