"""The push leg: `push.services.send` with a vendor's provider, against h2load and other clients.

Each contender sends to the same nginx, one after the other, about 425 bytes a push with 100 in
flight. Every push has to be accepted, and the stub's log has to have as many lines.
"""

import json
import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.test import override_settings

from bench.peers.text import ALERT, DATA, token
from bench.processes import CHECKOUT, BenchFailure
from bench.report import Finding, Goal, Round, Side
from bench.size import Size
from bench.stub import CERTIFICATES, Stub
from bench.vendor_keys import Keys
from push.providers.base import DeviceTarget, Outcome, Provider, PushRequest, PushResult
from push.services import PushJob, send
from push.vendors import make_provider, read_settings

PEERS = CHECKOUT / ".local" / "bench" / "push"
CPU = Goal("push-cpu", 0.20)
SLOW = Goal("push-slow", 0.8)
FIREBASE = Goal("push-firebase", 15)
APNS = Goal("push-aioapns", 4)
BROWSERS = Goal("push-pywebpush", 6)
IN_FLIGHT = 100
RATE = re.compile(r"finished in [^,]+, ([0-9.]+) req/s")
DONE = re.compile(r"requests: (\d+) total, \d+ started, (\d+) done, (\d+) succeeded")


@dataclass(frozen=True, slots=True)
class Leg:
    """Where a contender's pushes come, and what its log is called."""

    platform: str
    kind: str
    settings: dict[str, object]
    log: Path
    keys: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Field:
    """The ground on which all contenders run."""

    folder: Path
    origin: str

    @property
    def authority(self) -> str:
        return str(self.folder / CERTIFICATES.authority)

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


def what_is_missing() -> str:
    """Which program is not there, or nothing."""
    if shutil.which("h2load") is None:
        return "h2load (Debian's nghttp2-client)"
    return "" if _python().exists() else "the peers (script/bench)"


def measure_push_leg(size: Size, folder: Path, stub: Stub) -> list[Finding]:
    field = Field(folder, stub.url.removesuffix("/push"))
    keys, many = Keys.make(folder), size.pushes
    with override_settings(
        FCM_URL=field.origin,
        FCM_TOKEN_URL=f"{field.origin}/token",
        APNS_URL=field.origin,
        WEB_PUSH_HOSTS=["127.0.0.1"],
    ):
        fcm = Leg("android", "fcm", {"service_account": keys.service_account}, field.log("fcm"))
        apns = Leg("ios", "apns", keys.apns, field.log("apns"))
        web = Leg("web", "webpush", keys.web, field.log("web"), keys.browser)
        few = size.pushes // 10
        findings = [
            _against(CPU, size, lambda: _ours(fcm, field, many), lambda: _h2load(field, many)),
            _against(
                FIREBASE,
                size,
                lambda: _ours(fcm, field, many),
                lambda: _peer("firebase", few, field, field.origin),
            ),
            _against(
                APNS,
                size,
                lambda: _ours(apns, field, many),
                lambda: _peer(
                    "apns",
                    few,
                    field,
                    field.origin.removeprefix("https://"),
                    field.authority,
                    str(folder / "apns.p8"),
                ),
            ),
            _against(
                BROWSERS,
                size,
                lambda: _ours(web, field, many // 2),
                lambda: _peer("browsers", few, field, field.origin, *keys.for_peer),
            ),
        ]
    with override_settings(FCM_URL=f"{field.origin}/slow", FCM_TOKEN_URL=f"{field.origin}/token"):
        slow = Leg("android", "fcm", {"service_account": keys.service_account}, field.log("slow"))
        findings.append(
            _against(
                SLOW,
                size,
                lambda: _ours(slow, field, many),
                lambda: _h2load(field, many, path="/slow/", connections=4),
            )
        )
    return findings


def _against(
    goal: Goal, size: Size, ours: Callable[[], Side], other: Callable[[], Side]
) -> Finding:
    ours()  # connections are made, tokens are fetched
    rounds = [Round(ours(), other()) for _ in range(size.push_rounds)]
    if goal is CPU:
        rounds = [Round(_per_cpu(r.ours), _per_cpu(r.other)) for r in rounds]
    return Finding(goal, rounds, AGAINST[goal.name])


AGAINST = {
    "push-cpu": "CPU of h2load for a request, one connection, 100 streams",
    "push-slow": "h2load, four connections, to a provider that takes 50 ms",
    "push-firebase": "firebase_admin send_each, batches of 500",
    "push-aioapns": "aioapns, 100 in flight",
    "push-pywebpush": "pywebpush.webpush with a kept requests.Session",
}


def _per_cpu(side: Side) -> Side:
    return Side(1 / side.cpu, "pushes/CPU s", side.cpu)


def _ours(leg: Leg, field: Field, count: int) -> Side:
    provider = make_provider(leg.kind, read_settings(leg.kind, leg.platform, leg.settings))
    before = _lines(leg.log)
    cpu, began = time.process_time(), time.monotonic()
    now = datetime.now(UTC)
    outcomes = [
        result.outcome
        for result in send(_jobs(provider, leg, field, count, now), now=now)
        if isinstance(result, PushResult)
    ]
    wall, cpu = time.monotonic() - began, time.process_time() - cpu
    accepted, logged = outcomes.count(Outcome.ACCEPTED), _logged(leg.log, before, count)
    if (len(outcomes), accepted, logged) != (count, count, count):
        raise BenchFailure(
            f"Of {count} pushes by {leg.kind} {accepted} were accepted, {logged} logged."
        )
    return Side(count / wall, "pushes/s", cpu / count)


def _logged(log: Path, before: int, count: int) -> int:
    """Lines that came; nginx writes one when its answer has left, so the last may take a moment."""
    deadline = time.monotonic() + 2
    while (lines := _lines(log) - before) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return lines


def _jobs(
    provider: Provider, leg: Leg, field: Field, count: int, now: datetime
) -> Iterator[PushJob]:
    expires_at = now + timedelta(hours=1)
    p256dh, auth = leg.keys
    for number in range(count):
        name = f"{field.origin}/wp/{token(number)}" if leg.keys[0] else token(number)
        yield PushJob(
            provider,
            PushRequest(
                message_id=f"{number:032x}",
                device_id=number,
                target=DeviceTarget(leg.platform, name, p256dh, auth, "production"),
                badge=1,
                title=ALERT["title"],
                body=ALERT["body"],
                expires_at=expires_at,
                data={"brandId": "48213907", "lookBackPeriod": "2592000000"},
            ),
        )


def _lines(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def _h2load(field: Field, count: int, *, path: str = "", connections: int = 1) -> Side:
    body = field.folder / "push.json"
    body.write_text(json.dumps({"message": {"token": token(0), "data": DATA}}))
    url = f"{field.origin}{path or '/v1/projects/'}bench/messages:send"
    options = ["-n", str(count), "-c", str(connections), "-m", str(IN_FLIGHT // connections)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        ["h2load", *options, "-d", str(body), url], capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    rate, counts = RATE.search(done.stdout), DONE.search(done.stdout)
    if rate is None or counts is None or int(counts[3]) != count:
        raise BenchFailure(f"h2load: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Side(float(rate[1]), "pushes/s", cpu / count)


def _python() -> Path:
    return PEERS / "bin" / "python"


def _peer(name: str, count: int, field: Field, *words: str) -> Side:
    """A client of others, in a process and an environment of its own."""
    return run_peer(_python(), name, count, words, REQUESTS_CA_BUNDLE=field.authority)


def run_peer(python: Path, name: str, count: int, words: Sequence[str], **env: str) -> Side:
    """:raises BenchFailure: it failed, or a push was not accepted."""
    done = subprocess.run(
        [str(python), "-m", f"bench.peers.{name}", *words, str(count)],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "DJANGO_SETTINGS_MODULE": "", **env},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchFailure(f"{name}: {done.stderr[-2000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    if said["accepted"] != count:
        raise BenchFailure(f"{name}: of {count} pushes {said['accepted']} were accepted.")
    return Side(count / said["wall"], "pushes/s", said["cpu"] / count)
