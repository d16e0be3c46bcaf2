"""The run itself: send, break, wait until all is quiet, compare the books."""

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from django.db import InterfaceError, OperationalError, close_old_connections, connections

from campaigns.models import PENDING, MessageEvent, OutboundMessage
from tests.chaos.big_run.caller import Caller
from tests.chaos.big_run.faults import Faults
from tests.chaos.big_run.phones import Phones
from tests.chaos.big_run.stage import Stage, grown
from tests.chaos.big_run.world import Phone, World


@dataclass
class Run:
    stage: Stage
    world: World
    faults: Faults
    logs: Sequence[Path]
    texts: Sequence[tuple[str, str]]
    phones_of: Sequence[Phone]
    patience: float
    centres: Phones = field(default_factory=Phones)
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._read_to = dict.fromkeys(self.logs, 0)
        self._told_at = 0.0

    def go(self) -> None:
        """Until every call was answered and no row is pending."""
        caller = Caller(
            self.stage.port, self.world.path, self.world.headers, self.world.call, self.texts
        )
        self.caller = caller
        caller.start()
        try:
            while caller.is_alive() or self.faults.due or self._pending():
                self._read_logs()
                if not self.faults.strike(self.stage, self.centres.calls.total()):
                    time.sleep(0.1)
                self._tell()
                self._give_up_late()
        finally:
            caller.stop()
            caller.join(15)
        # What a worker that was killed had on the wire may still be written down.
        time.sleep(1.0)
        self._read_logs()
        self._tell(is_last=True)

    def _pending(self) -> bool:
        try:
            return OutboundMessage.objects.filter(state__in=PENDING).exists()
        except (OperationalError, InterfaceError):
            close_old_connections()
            connections.close_all()
            return True

    def _read_logs(self) -> None:
        for log in self.logs:
            lines, self._read_to[log] = grown(log, self._read_to[log])
            self.centres.read(json.loads(line) for line in lines)

    def _give_up_late(self) -> None:
        if self.caller.failure:
            raise SystemExit(f"A call was refused: {self.caller.failure}")
        if time.monotonic() - self.began > self.patience:
            raise SystemExit(f"Not done after {self.patience:.0f} s: {self.counts()}")

    def counts(self) -> dict[str, int]:
        """Rows by state, and by reason where one failed."""
        rows = OutboundMessage.objects.values_list("state", "reason")
        return dict(Counter(" ".join(filter(None, row)) for row in rows))

    def _tell(self, *, is_last: bool = False) -> None:
        now = time.monotonic()
        is_terminal = sys.stdout.isatty()
        if not is_last and now - self._told_at < (0.5 if is_terminal else 10.0):
            return
        self._told_at = now
        broken = ", ".join(f"{count} {word}" for word, count in sorted(self.faults.done.items()))
        line = (
            f"{now - self.began:6.1f} s  accepted {len(self.caller.accepted):>7,}  "
            f"pushed {len(self.centres.calls):>7,}  broken: {broken or 'nothing yet'}"
        )
        print(f"\r{line:<100}" if is_terminal else line, end="" if is_terminal else "\n")
        if is_last and is_terminal:
            print()
        sys.stdout.flush()


@dataclass(frozen=True)
class Verdict:
    """``lost`` were accepted and stand on no phone; ``unfinished`` have no final state."""

    recipients: int
    faults: int
    lost: int
    unfinished: int
    shown_twice: int
    extra: int
    extra_allowed: int

    @property
    def is_kept(self) -> bool:
        is_whole = self.lost == self.unfinished == self.shown_twice == 0
        return is_whole and self.extra <= self.extra_allowed

    def line(self) -> str:
        return (
            f"recipients={self.recipients} faults={self.faults} lost={self.lost} "
            f"shown_twice={self.shown_twice} extra={self.extra}"
        )


def judge(run: Run, *, batch: int) -> Verdict:
    """``batch``: pushes that one process may have on the wire, or answered and not yet recorded.

    Lost answers are the stubs' own and those that the product itself gave up waiting for.
    """
    ledger = set(OutboundMessage.objects.values_list("public_id", flat=True))
    accepted = run.caller.accepted
    lost = sum(ref not in accepted or UUID(accepted[ref]) not in ledger for ref, _ in run.texts)
    for (_, text), phone in zip(run.texts, run.phones_of, strict=True):
        lost += not run.centres.has(phone.logged_as, text)
    unknown = MessageEvent.objects.filter(kind="push", outcome="unknown").count()
    faults = run.faults.total
    return Verdict(
        recipients=len(run.texts),
        faults=faults,
        lost=lost,
        unfinished=OutboundMessage.objects.filter(state__in=PENDING).count(),
        shown_twice=run.centres.shown_twice,
        extra=run.centres.extra_calls,
        extra_allowed=batch * faults + max(unknown, run.centres.lost_answers),
    )
