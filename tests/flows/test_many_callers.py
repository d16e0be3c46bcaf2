"""Idempotency and limits against real web processes: many callers at once, and Redis gone."""

import http.client
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from campaigns.invariants import check_store
from campaigns.models import Campaign, IdempotencyKey, OutboundMessage
from common.circuit import TIMEOUT
from tests.campaigns.conftest import Brand, make_brand
from tests.crowd import make_crowd
from tests.factories.accounts import ApiClientFactory, bearer
from tests.live import Stack, live_stack, own_valkey, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Answer:
    """When it was asked for and had, on the clock of this process."""

    asked_at: float
    had_at: float
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Campaigns:
    """`POST campaign` of one brand, over a kept connection for each thread."""

    stack: Stack
    brand: Brand
    headers: Mapping[str, str]

    @contextmanager
    def connected(self) -> Iterator[Callable[..., Answer]]:
        port = int(self.stack.env["PORT"])
        path = f"/api/v2/account/{self.brand.account.number}/campaign"
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as link:

            def post(body: bytes, **headers: str) -> Answer:
                asked_at = time.monotonic()
                link.request("POST", path, body, {**self.headers, **headers})
                response = link.getresponse()
                raw = response.read()
                found = dict(response.headers.items())
                return Answer(asked_at, time.monotonic(), response.status, found, raw)

            yield post


def campaigns_of(stack: Stack, brand: Brand) -> Campaigns:
    token = bearer(ApiClientFactory(account=brand.account))
    return Campaigns(stack, brand, {**token, "Content-Type": "application/json"})


def at_once(count: int, call: Callable[[], list[Answer]]) -> list[Answer]:
    """What so many threads were answered that start together."""
    gate, answers = threading.Barrier(count), list[Answer]()

    def run() -> None:
        gate.wait()
        answers.extend(call())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Start the web server with these variables."""
    with live_stack(tmp_path) as stack:

        def start(**env: str) -> Stack:
            stack.env |= env
            stack.start("web")
            stack.wait_until_ready()
            return stack

        yield start


def test_a_hundred_equal_calls_at_once_are_one_campaign(web: Callable[..., Stack]) -> None:
    """A8, D30, G15"""
    brand = make_brand()
    campaigns = campaigns_of(web(WEB_THREADS="50"), brand)
    body = json.dumps(brand.body("ana", "ben", "ana")).encode()

    def call() -> list[Answer]:
        with campaigns.connected() as post:
            return [post(body, **{"Idempotency-Key": '"one"'})]

    answers = at_once(100, call)

    done = [answer for answer in answers if answer.status == 200]
    replays = [answer for answer in done if answer.headers.get("Idempotent-Replayed") == "true"]
    print(f"\n{len(done)} × 200, {len(replays)} of them replays, {100 - len(done)} × 409")
    assert len(answers) == 100
    assert {answer.status for answer in answers} <= {200, 409}
    assert len({answer.body for answer in done}) == 1
    assert len(done) - len(replays) == 1
    assert Campaign.objects.count() == IdempotencyKey.objects.count() == 1
    assert OutboundMessage.objects.count() == 2


def test_calls_at_once_with_one_key_and_two_bodies_are_one_campaign(
    web: Callable[..., Stack],
) -> None:
    """A8, D30"""
    brand = make_brand()
    campaigns = campaigns_of(web(WEB_THREADS="20"), brand)
    bodies = iter([json.dumps(brand.body(ref)).encode() for ref in ["ana", "ben"] * 20])
    lock = threading.Lock()

    def call() -> list[Answer]:
        with lock:
            body = next(bodies)
        with campaigns.connected() as post:
            return [post(body, **{"Idempotency-Key": "one"})]

    answers = at_once(40, call)

    statuses = [answer.status for answer in answers]
    assert (statuses.count(200), statuses.count(422)) == (20, 20)
    assert Campaign.objects.count() == 1


def test_sixty_callers_of_four_processes_get_ten_calls_a_second(web: Callable[..., Stack]) -> None:
    """A4, S22, G14"""
    brand = make_brand(requests_per_second=10)
    campaigns = campaigns_of(web(WEB_CONCURRENCY="4"), brand)
    body = json.dumps(brand.body("ana")).encode()
    ends = time.monotonic() + 6

    def call() -> list[Answer]:
        answers = []
        with campaigns.connected() as post:
            while time.monotonic() < ends:
                answers.append(post(body))
                # Thirty times the limit all the same, on a machine that still has time to count.
                time.sleep(0.2)
        return answers

    answers = at_once(60, call)

    accepted = [one for one in answers if one.status == 200]
    refused = [one for one in answers if one.status == 429]
    assert len(accepted) + len(refused) == len(answers)
    assert Campaign.objects.count() == len(accepted)
    assert {one.headers["Retry-After"] for one in refused} == {"1"}
    seconds = each_second()
    print(f"\n{len(answers)} calls; accepted in each second: {seconds}")
    assert len(seconds) >= 4
    assert set(seconds) <= {9, 10, 11}
    assert most_within_a_second(accepted) <= 10


def each_second() -> list[int]:
    """Campaigns in each whole second by the server's clock, from half a second before the second
    ten on: calls come in bursts of ten."""
    times = list(Campaign.objects.order_by("created_at").values_list("created_at", flat=True))
    first = times[10] - timedelta(seconds=0.5)
    places = [int((at - first).total_seconds()) for at in times[10:]]
    return [places.count(second) for second in range(max(places))]


def most_within_a_second(accepted: list[Answer]) -> int:
    """As many as surely were counted within one second: asked for and answered in it."""
    return max(
        sum(
            one.asked_at <= other.asked_at and other.had_at < one.asked_at + 1 for other in accepted
        )
        for one in accepted
    )


def p95(answers: list[Answer]) -> float:
    return sorted(one.had_at - one.asked_at for one in answers)[int(len(answers) * 0.95)]


def test_without_redis_calls_are_accepted_as_fast_and_the_sweep_sends_all(tmp_path: Path) -> None:
    """A4, D7: Redis is killed between two calls; there is no worker either."""
    with live_stack(tmp_path, SWEEP_INTERVAL="0.5", SWEEP_OVERDUE="0.5") as stack:
        with own_valkey(stack):
            brand = make_crowd(50)
            stack.start("web")
            stack.wait_until_ready()
            body = json.dumps(brand.body(*(f"c{n}" for n in range(1, 51)))).encode()
            with campaigns_of(stack, brand).connected() as post:
                before = [post(body) for _ in range(40)]
                stack.kill("valkey")
                after = [post(body) for _ in range(40)]
            stack.start("sweep")
            wait_for(is_all_final, seconds=40, what="the sweep to send everything")

        assert [one.status for one in before + after] == [200] * 80
        assert_as_fast(before, after)
        assert OutboundMessage.objects.filter(state="sent").count() == 80 * 50
        assert check_store(now=timezone.now()) == []


def assert_as_fast(before: list[Answer], without: list[Answer]) -> None:
    """Within half as much again, or faster than anybody who has to wait for Redis."""
    print(f"\np95 {p95(before) * 1e3:.1f} ms, without Redis {p95(without) * 1e3:.1f} ms")
    assert p95(without) <= max(1.5 * p95(before), TIMEOUT)


def test_while_redis_is_stopped_calls_are_accepted_as_fast_and_then_workers_are_woken_again(
    tmp_path: Path,
) -> None:
    """A4, D7: Valkey takes connections and is silent, then goes on; there is no sweep."""
    with live_stack(tmp_path) as stack, own_valkey(stack):
        brand = make_crowd(20)
        stack.start("web", "worker")
        stack.wait_until_ready()
        body = json.dumps(brand.body(*(f"c{n}" for n in range(1, 21)))).encode()
        with campaigns_of(stack, brand).connected() as post:
            before = [post(body) for _ in range(40)]
            stack.signal("valkey", signal.SIGSTOP)
            during = [post(body) for _ in range(40)]
            stack.signal("valkey", signal.SIGCONT)
            went_on_at = timezone.now()
            one = json.dumps(brand.body("c1")).encode()
            wait_for(
                lambda: post(one).status == 200 and is_all_final(before=went_on_at),
                seconds=40,
                what="a worker that is woken by a later call to send everything",
            )
            wait_for(is_all_final, seconds=20, what="the later calls")

        assert [one.status for one in before + during] == [200] * 80
        assert_as_fast(before, during)
        assert set(OutboundMessage.objects.values_list("state", flat=True)) == {"sent"}
        assert check_store(now=timezone.now()) == []


def is_all_final(*, before: datetime | None = None) -> bool:
    until = before or timezone.now()
    pending = OutboundMessage.objects.filter(state__in=["queued", "sending"])
    return not pending.filter(created_at__lte=until).exists()
