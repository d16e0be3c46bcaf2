"""D15: connections to APNs that end, and streams that are refused or broken."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from push.providers.base import Outcome, PushRequest
from tests.providers.apns_vendor import ApnsVendor, running_apns


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[ApnsVendor]:
    with running_apns(tmp_path) as made:
        yield made


def requests(vendor: ApnsVendor, count: int) -> list[PushRequest]:
    made = vendor.request("fine")
    return [
        replace(
            made,
            message_id=f"{n:032x}",
            device_id=n,
            target=replace(made.target, token=f"{n:08x}"),
        )
        for n in range(count)
    ]


def times_taken(tmp_path: Path) -> Counter[str]:
    """How often each device's push stands in Apple's log."""
    lines = (tmp_path / "production.jsonl").read_bytes().splitlines()
    return Counter(orjson.loads(line)["token"] for line in lines)


@pytest.mark.parametrize("silence", [0.0, 0.05])
def test_one_stream_before_the_first_token_and_many_after_it(
    vendor: ApnsVendor, tmp_path: Path, silence: float
) -> None:
    """Nothing is refused, whether Apple says so at once or when much could have been sent."""
    vendor.server.silence, vendor.server.latency = silence, 0.01

    results = vendor.send(*requests(vendor, 500))

    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 500
    assert times_taken(tmp_path) == {f"{n:08x}": 1 for n in range(500)}
    assert (vendor.server.refused, vendor.server.connected <= 10) == (0, True)


def test_one_stream_at_a_time_is_slow_and_enough(vendor: ApnsVendor, tmp_path: Path) -> None:
    vendor.server.max_streams, vendor.server.latency = 1, 0.01

    results = vendor.send(*requests(vendor, 200))

    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 200
    assert times_taken(tmp_path) == {f"{n:08x}": 1 for n in range(200)}


def test_graceful_goodbyes_lose_and_double_nothing(vendor: ApnsVendor, tmp_path: Path) -> None:
    """With Apple's reason in the frame."""
    vendor.server.goaway_every, vendor.server.goodbye = 200, b'{"reason":"Shutdown"}'
    vendor.server.latency = 0.01

    results = vendor.send(*requests(vendor, 2000))

    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 2000
    assert times_taken(tmp_path) == {f"{n:08x}": 1 for n in range(2000)}
    assert vendor.server.connected >= 2000 // 200
    assert vendor.server.refused == 0


def test_abrupt_ends_lose_nothing_and_repeat_only_what_was_unanswered(
    vendor: ApnsVendor, tmp_path: Path
) -> None:
    """A repeat has the same collapse id, so that the phone shows it once."""
    vendor.server.goaway_every, vendor.server.is_abrupt = 40, True
    left, rounds = requests(vendor, 400), 0

    while left and rounds < 20:
        results = vendor.send(*left)
        assert {r.outcome for r in results} <= {Outcome.ACCEPTED, Outcome.UNKNOWN, Outcome.RETRY}
        done = {r.device_id for r in results if r.outcome is Outcome.ACCEPTED}
        left, rounds = [r for r in left if r.device_id not in done], rounds + 1

    ids = {
        (asked.headers[":path"].rpartition("/")[2], asked.headers["apns-collapse-id"])
        for asked, _ in vendor.server.calls
    }
    assert left == []
    assert set(times_taken(tmp_path)) == {f"{n:08x}" for n in range(400)}
    assert ids == {(f"{n:08x}", f"{n:032x}") for n in range(400)}


@pytest.mark.parametrize("how", ["lost", "reset"])
def test_broken_stream_or_connection_leaves_it_unknown_whether_apple_took_the_push(
    vendor: ApnsVendor, how: str
) -> None:
    """RST_STREAM after the request was taken, or no more of the connection."""
    [request] = requests(vendor, 1)
    vendor.server.orders.give(request.target.token, {how: True})

    [first] = vendor.send(request)
    [second] = vendor.send(replace(request, attempt=2))

    assert (first.outcome, first.reason) == (Outcome.UNKNOWN, "answer_lost")
    assert second.outcome is Outcome.ACCEPTED
    assert {push.identity for push in vendor.seen()} == {request.message_id}
