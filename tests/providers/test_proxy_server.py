"""The stub is what other tests trust, so it is tested as they use it: as a process."""

import json
from contextlib import AbstractContextManager
from pathlib import Path

from common.transport import Answer, Transport
from push.providers.base import PushResult
from push.providers.proxy import ProxyProvider
from push.providers.proxy_settings import ProxySettings
from tests.providers.contract import NOW, make_request
from tests.providers.processes import running


def running_stub(folder: Path, *options: str) -> AbstractContextManager[str]:
    files = ["--log", folder / "calls.jsonl", "--behaviour", folder / "orders.json"]
    return running("proxy_server", *files, *options)


def push(url: str, tokens: list[str], attempt: int = 1) -> list[PushResult]:
    provider = ProxyProvider(ProxySettings(url, allowed_networks=("127.0.0.0/8",), allow_http=True))
    transport = Transport()
    calls = (
        provider.start(make_request(token, message_id=f"{n:032x}", attempt=attempt), NOW)
        for n, token in enumerate(tokens)
    )
    results = [a.tag.finish(a) for a in transport.perform(calls) if isinstance(a, Answer)]
    transport.close()
    return results


def read_log(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "calls.jsonl").read_text().splitlines()]


def test_stub_logs_each_call_with_what_it_answered(tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text(json.dumps({"t7": [{"status": 503}, {"reset": True}]}))

    with running_stub(tmp_path) as url:
        first = push(url, [f"t{n}" for n in range(500)])
        second = push(url, ["t7"], attempt=2)
        third = push(url, ["t7"], attempt=3)

    log = read_log(tmp_path)
    assert sorted(str(entry["token"]) for entry in log[:500]) == sorted(f"t{n}" for n in range(500))
    assert sum(result.status == 503 for result in first) == 1
    assert [second[0].status, third[0].status] == [None, 200]
    assert [(entry["attempt"], entry["status"]) for entry in log if entry["token"] == "t7"] == [
        (1, 503),
        (2, "reset"),
        (3, 200),
    ]


def test_stub_reads_changed_orders_again(tmp_path: Path) -> None:
    with running_stub(tmp_path) as url:
        before = push(url, ["a"])
        (tmp_path / "orders.json").write_text(json.dumps({"a": [{"status": 500, "times": 2}]}))
        after = [push(url, ["a"])[0].status for _ in range(3)]

    assert before[0].status == 200
    assert after == [500, 500, 200]


def test_stub_asks_for_the_credential_that_it_was_given(tmp_path: Path) -> None:
    with running_stub(tmp_path, "--credential", "Basic abc") as url:
        [result] = push(url, ["a"])

    assert result.status == 401
