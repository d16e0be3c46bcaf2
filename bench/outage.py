"""A brand whose provider is down beside one whose provider works, and what comes after it.

In each round both brands send at a steady rate, first while both providers work, then while that
of the one refuses connections, or answers 503, and many messages wait for it.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from bench.history import start_over
from bench.load import Api, pace
from bench.processes import BenchFailure
from bench.product import messages, pending, product, queue, wait_until
from bench.report import Finding, Goal, Round, Side, percentile
from bench.size import Size
from bench.stub import Arrival, Stub, own_stub
from bench.world import World, make_world
from campaigns.lanes import ASIDE
from campaigns.models import PENDING, MessageEvent, OutboundMessage, State
from proactive_site.embedded.ports import HOST, free_port
from push.models import Breaker

REFUSED = Goal("outage-refused", 1.2, is_most=True)
ERRORS = Goal("outage-503", 1.2, is_most=True)
AFTER = Goal("outage-after", 2, is_most=True)
AGAINST = (
    "the same while both providers work; the 95th percentile from acceptance to push of a brand "
    "whose provider works, beside one whose provider is down"
)
AGAINST_PEAK = "the busiest second of the same messages before the outage"
# Calls of each brand, for so many seconds; the one of a single recipient, the other of a hundred.
SECONDS = 4.0
PER_SECOND = 25.0
CALLS_PER_SECOND = 2.0
CALL = 100


@dataclass(frozen=True, slots=True)
class Scene:
    """``world`` has the provider that is down now and then, at ``port``."""

    world: World
    other: World
    stub: Stub
    folder: Path
    web: int
    port: int
    held: int


def measure_outage(world: World, size: Size, folder: Path, stub: Stub) -> list[Finding]:
    start_over(world)
    port = free_port()
    away = make_world(stub_url=f"https://{HOST}:{port}/push", consumers=size.consumers, name="Away")
    other = make_world(stub_url=stub.url, consumers=size.consumers, name="Works")
    findings, peaks = [], []
    with product(folder) as web:
        scene = Scene(away, other, stub, folder, web, port, size.held)
        _work(scene)
        for goal, trouble in ((REFUSED, ""), (ERRORS, "503=1")):
            found = [_round(scene, trouble) for _ in range(size.outage_rounds)]
            findings.append(Finding(goal, [slow for slow, _ in found], AGAINST))
            peaks += [peak for _, peak in found]
    return [*findings, Finding(AFTER, peaks, AGAINST_PEAK)]


def _round(scene: Scene, trouble: str) -> tuple[Round, Round]:
    before, peak_before = _work(scene)
    with _down(scene, trouble):
        queue(scene.world, scene.held)
        wait_until(Breaker.objects.open().exists, "the breaker to open")
        # The queue itself is no part of an outage: what a long one costs others is `neighbour`.
        wait_until(lambda: not _in_the_way(scene), "the queue to be put aside")
        during = _p95(scene)
        if not Breaker.objects.open().exists():
            raise BenchFailure("The breaker closed while the provider was down.")
    peak_after = _recover(scene)
    return Round(during, before), Round(peak_after, peak_before)


def _work(scene: Scene) -> tuple[Side, Side]:
    """Both providers work: the percentile, then the busiest second of a queue."""
    with _provider(scene) as provider:
        side = _p95(scene)
        _wait_until_sent(scene)
        provider.new_arrivals()
        queue(scene.world, scene.held)
        _wait_until_sent(scene)
        return side, _busiest(provider.new_arrivals())


def _recover(scene: Scene) -> Side:
    with _provider(scene) as provider:
        _wait_until_sent(scene)
        pushes = provider.new_arrivals()
    doubled = [m for m, times in Counter(p.message for p in pushes).items() if times > 1]
    if doubled:
        raise BenchFailure(f"{len(doubled)} messages came twice after the outage.")
    return _busiest(pushes)


def _provider(scene: Scene, trouble: str = "") -> AbstractContextManager[Stub]:
    return own_stub(scene.folder, name="away", port=scene.port, trouble=trouble)


def _down(scene: Scene, trouble: str) -> AbstractContextManager[object]:
    """Nobody listens, or somebody who answers with an error."""
    return _provider(scene, trouble) if trouble else nullcontext()


def _p95(scene: Scene) -> Side:
    """The other brand's seconds from acceptance to push, while both send."""
    last = messages(scene.other).order_by("-pk").values_list("pk", flat=True).first() or 0
    crowd = threading.Thread(
        target=pace,
        args=(_api(scene, scene.world), scene.world.bodies(CALL)),
        kwargs={"calls": int(CALLS_PER_SECOND * SECONDS), "per_second": CALLS_PER_SECOND},
    )
    crowd.start()
    calls = int(PER_SECOND * SECONDS)
    pace(_api(scene, scene.other), scene.other.bodies(1), calls=calls, per_second=PER_SECOND)
    crowd.join()
    wait_until(lambda: not pending(scene.other), "the other brand's pushes")
    rows = messages(scene.other).filter(pk__gt=last).values_list("public_id", "created_at")
    accepted = {public_id.hex: created_at.timestamp() for public_id, created_at in rows}
    taken = {push.message: push.at for push in scene.stub.new_arrivals()}
    if taken.keys() != accepted.keys():
        raise BenchFailure(f"{len(accepted)} accepted, {len(taken)} pushed.")
    return Side(percentile([taken[m] - at for m, at in accepted.items()], 0.95), "seconds")


def _api(scene: Scene, world: World) -> Api:
    return Api(scene.web, world.path, world.headers)


def _wait_until_sent(scene: Scene) -> None:
    wait_until(lambda: not pending(scene.world), "every message to be final", seconds=120)
    lost = messages(scene.world).exclude(state=State.SENT)
    if lost:
        raise BenchFailure(f"{len(lost)} messages were not sent. The first:\n{_story(lost[0])}")


def _story(message: OutboundMessage) -> str:
    """What its timeline says, a line each."""
    events = MessageEvent.objects.filter(message=message).order_by("at", "pk")
    told = events.values_list("at", "kind", "outcome", "reason", "detail", "elapsed_ms")
    lines = [" ".join(map(str, line)) for line in told]
    return "\n".join([f"{message.state} {message.reason} {message.created_at}", *lines])


def _in_the_way(scene: Scene) -> bool:
    """Whether messages of the brand whose provider is down are not put aside yet."""
    return messages(scene.world).filter(state__in=PENDING).exclude(lane=ASIDE).exists()


def _busiest(pushes: Sequence[Arrival]) -> Side:
    """The most pushes of any second."""
    times = sorted(push.at for push in pushes)
    first = most = 0
    for last, at in enumerate(times):
        while times[first] <= at - 1:
            first += 1
        most = max(most, last - first + 1)
    return Side(float(most), "pushes/s")
