"""docs/push-proxy.md: its bodies are those that are sent, and its program takes what we sign."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from common.signatures import SigningSecret, new_secret
from common.transport import Answer, Transport
from push.providers.base import DeviceTarget, Outcome, PushRequest, PushResult
from push.providers.proxy import ProxyProvider
from push.providers.proxy_settings import ProxySettings

PAGE = (Path(__file__).resolve().parents[2] / "docs/push-proxy.md").read_text()
SECRET = new_secret()
EXPIRES = datetime.fromtimestamp(1798057749, UTC)
REQUEST = PushRequest(
    message_id="01a20a19228275b1a854d1a2c264d2b0",
    device_id=1,
    target=DeviceTarget("ios", "01408800000259"),
    badge=1,
    title="Your new card",
    body="Hi Ingrid, your new card is on its way 💳",
    expires_at=EXPIRES,
    data={
        "id": "01a20a19228275b1a854d1a2c264d2b0",
        "brandId": "48213907",
        "backendService": "prmsg",
        "lookBackPeriod": "2592000000",
        "transactionId": "01a20a19-2282-75b1-a854-d1a2c264d2b0",
        "expirationEpochTime": "1798057749",
        "leCampaignId": "3171",
        "leEngagementId": "3172",
        "externalConsumerId": "ingrid-4711",
    },
)


def code(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Program:
    """The page's program, running."""

    process: subprocess.Popen[str]
    url: str

    def end(self) -> list[str]:
        """What it said of the phones that it rang."""
        self.process.terminate()
        said, _ = self.process.communicate(timeout=60)
        return said.splitlines()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    [source] = code("python")
    (tmp_path / "proxy.py").write_text(source)
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "proxy.py")],
        env={**os.environ, "SIGNING_SECRET": SECRET, "LOGIN": "larkfield:secret"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield Program(process, process.stdout.readline().strip())
        finally:
            process.kill()


def provider_at(url: str, secret: str = SECRET, password: str = "secret") -> ProxyProvider:
    return ProxyProvider(
        ProxySettings(
            url,
            "larkfield",
            password,
            allowed_networks=("127.0.0.0/8",),
            allow_http=True,
            signing=(SigningSecret(secret),),
        )
    )


def send(provider: ProxyProvider, *requests: PushRequest) -> list[PushResult]:
    transport = Transport()
    results = []
    for request in requests:
        start = provider.start(request, datetime.now(UTC))
        [answer] = [a for a in transport.perform([start]) if isinstance(a, Answer)]
        results.append(answer.tag.finish(answer))
    transport.close()
    return results


@pytest.mark.parametrize(("platform", "place"), [("ios", 0), ("android", 1)])
def test_documented_body_is_the_one_that_is_sent(platform: str, place: int) -> None:
    request = replace(REQUEST, target=DeviceTarget(platform, "01408800000259"))
    provider = provider_at("http://127.0.0.1/push")

    sent = orjson.loads(provider.payload(request, EXPIRES))

    assert sent == orjson.loads(code("json")[place])


def test_documented_body_of_an_agents_message_is_the_one_that_is_sent() -> None:
    """E6"""
    data = {
        "backendService": "ams",
        "conversationId": "01a209db-99c4-7c86-9aa7-cde7983dd567",
        "dialogId": "01a209db-99c4-7c86-9aa7-cde7983dd567",
        "originatorId": "48213907.12",
        "brandId": "48213907",
        "sequence": "8",
    }
    said = replace(REQUEST, title="Larkfield", body="It arrives on Friday 📦", data=data)

    sent = orjson.loads(provider_at("http://127.0.0.1/push").payload(said, EXPIRES))

    assert sent == orjson.loads(code("json")[2])


def test_documented_headers_are_those_that_are_sent() -> None:
    [sample] = code("http")
    shown = dict(line.split(": ", 1) for line in sample.splitlines()[1:])

    sent = dict(provider_at("http://127.0.0.1/push").start(REQUEST, datetime.now(UTC)).headers)

    assert list(shown) == list(sent)
    for name in ("Content-Type", "Authorization", "webhook-id", "Idempotency-Key"):
        assert shown[name] == sent[name]


def test_program_rings_each_phone_once_whatever_is_repeated(program: Program) -> None:
    other = replace(REQUEST, target=DeviceTarget("android", "01408800000260"))
    tries = [REQUEST, replace(REQUEST, attempt=2), replace(other, attempt=2), other]

    results = send(provider_at(program.url), *tries)

    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 4
    assert program.end() == ["ring 01408800000259 1", "ring 01408800000260 2"]


def test_program_refuses_who_has_not_the_secret_or_the_password(program: Program) -> None:
    forger = provider_at(program.url, new_secret())
    stranger = provider_at(program.url, password="wrong")

    results = send(forger, REQUEST) + send(stranger, REQUEST)

    refused = (401, Outcome.MISCONFIGURED)
    assert [(result.status, result.outcome) for result in results] == [refused] * 2
    assert program.end() == []


def test_program_ends_a_device_that_it_does_not_know(program: Program) -> None:
    unknown = replace(REQUEST, target=DeviceTarget("ios", "gone"))

    [result] = send(provider_at(program.url), unknown)

    assert (result.status, result.outcome) == (403, Outcome.UNREGISTERED)
