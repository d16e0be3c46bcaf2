"""What each peer's process prints at its end: one line of JSON. Imports nothing of the product."""

import json
import resource
import sys
import time
from collections.abc import Callable


def measure(send: Callable[[int], int]) -> None:
    """Send a few to warm up, then ``sys.argv``'s number; every push has to be accepted."""
    count = int(sys.argv[-1])
    send(min(count, 200))
    cpu, began = _cpu(), time.monotonic()
    accepted = send(count)
    wall, cpu = time.monotonic() - began, _cpu() - cpu
    print(json.dumps({"wall": wall, "cpu": cpu, "accepted": accepted}))


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
