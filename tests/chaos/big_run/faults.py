"""What is broken, and when: spread over the pushes, each at a random place of its stretch."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.chaos.big_run.stage import WORKERS, Stage


@dataclass
class Faults:
    """``due`` are pairs of how many pushes must have come and what is broken then, in order."""

    due: list[tuple[int, str]]
    done: Counter[str] = field(default_factory=Counter)
    workers: int = 0

    @classmethod
    def plan(cls, recipients: int, wanted: dict[str, int], rng: Random) -> "Faults":
        """So many of each kind, between the first pushes and the last ones."""
        moments = []
        for word, count in wanted.items():
            stretch = 0.9 * recipients / count
            moments += [
                (int(0.02 * recipients + stretch * (number + rng.random())), word)
                for number in range(count)
            ]
        return cls(sorted(moments))

    def strike(self, stage: Stage, pushes: int) -> bool:
        """Break what is due by now, one thing; tell whether there was one."""
        if not self.due or pushes < self.due[0][0]:
            return False
        _, word = self.due.pop(0)
        ACTS[word](self, stage)
        self.done[word] += 1
        return True

    def kill_worker(self, stage: Stage) -> None:
        stage.kill_worker(WORKERS[self.workers % len(WORKERS)])
        self.workers += 1

    @property
    def total(self) -> int:
        return self.done.total()


ACTS: dict[str, Callable[[Faults, Stage], None]] = {
    "worker": Faults.kill_worker,
    "Valkey": lambda faults, stage: stage.kill_valkey(),
    "PostgreSQL": lambda faults, stage: stage.crash_postgres(),
}
