"""A process that pushes to APNs, as a worker's child does: `python -m tests.providers.apns_sender`
reads a job a line, and prints a line of what came of its pushes."""

import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from common.transport import Answer, Limits, Timeouts, Transport
from push.providers.apns import ApnsProvider
from push.providers.apns_settings import read_apns_settings
from push.providers.base import DeviceTarget, PushRequest
from push.providers.site import Site


class Sender:
    """One provider for all jobs of the process, as in a worker."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        site = Site(ca_file=job["ca_file"], timeouts=Timeouts(10.0, 30.0), apns_url=job["url"])
        self.provider = ApnsProvider(read_apns_settings(job["credential"], site), site)
        self.transport = Transport(Limits(patience=60, longest_wait=60))

    def send(self, job: Mapping[str, Any]) -> list[tuple[str, str]]:
        now = datetime.fromisoformat(job["now"])
        requests = [make_request(n, token, now) for n, token in enumerate(job["tokens"])]
        calls = (self.provider.start(request, now) for request in requests)
        answers = self.transport.perform(calls, in_flight=10)
        results = [a.tag.finish(a) for a in answers if isinstance(a, Answer)]
        return [(result.outcome, result.reason) for result in results]


def make_request(number: int, token: str, now: datetime) -> PushRequest:
    return PushRequest(
        message_id=f"{number:032x}",
        device_id=number,
        target=DeviceTarget("ios", token),
        badge=1,
        title="Your new card",
        body="Hi Ingrid, your new card is on its way",
        expires_at=now + timedelta(days=1),
        data={"brandId": "48213907"},
    )


def main() -> None:
    sender = None
    for line in sys.stdin.buffer:
        job = orjson.loads(line)
        sender = sender or Sender(job)
        sys.stdout.buffer.write(orjson.dumps(sender.send(job)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
