"""The base of the vendors' stubs, asked by our own transport."""

import os
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from common.transport import Answer, Call, Limits, Sent, Timeouts, Tls, Transport
from tests.providers.certificates import make_certificate, server_context
from tests.providers.proxy_server import open_log, run_in_thread
from tests.providers.vendor_server import Asked, Reading, Reply, VendorServer


def read(asked: Asked) -> Reading:
    token = asked.headers[":path"].rpartition("/")[2]
    return Reading(token, Reply(200, b'{"ok":true}'), message=asked.body.decode())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[VendorServer]:
    authority = make_certificate("Test authority")
    certificate = make_certificate("vendor", issuer=authority, hosts=("127.0.0.1",))
    (tmp_path / "ca.pem").write_text(authority.cert_pem)
    log = open_log(tmp_path / "log.jsonl")
    tls = server_context(certificate, tmp_path, protocols=("h2",))
    made = VendorServer(log, tls, read)
    with run_in_thread(made):
        yield made
    os.close(log.file)


def ask(
    server: VendorServer,
    tmp_path: Path,
    count: int,
    *,
    total: float = 10.0,
    headers: tuple[tuple[str, str], ...] = (),
) -> list[Answer[int]]:
    transport = Transport(Limits(patience=60, longest_wait=60))
    calls = (
        Call(
            tag=n,
            key="k",
            method="POST",
            url=f"{server.url}/push/t",
            headers=headers,
            body=str(n).encode(),
            timeouts=Timeouts(5.0, total),
            tls=Tls(ca_file=str(tmp_path / "ca.pem")),
        )
        for n in range(count)
    )
    answers = [a for a in transport.perform(calls) if isinstance(a, Answer)]
    transport.close()
    return answers


def test_requests_are_read_whole_answered_and_logged(server: VendorServer, tmp_path: Path) -> None:
    answers = ask(server, tmp_path, 300)

    lines = (tmp_path / "log.jsonl").read_bytes().splitlines()
    assert {(a.status, a.body) for a in answers} == {(200, b'{"ok":true}')}
    assert sorted(int(orjson.loads(line)["message"]) for line in lines) == list(range(300))


def test_goodbye_every_200_requests_loses_none_of_5000_and_doubles_none(
    server: VendorServer, tmp_path: Path
) -> None:
    """D15: GOAWAY, graceful."""
    server.goaway_every = 200

    answers = ask(server, tmp_path, 5000)

    lines = (tmp_path / "log.jsonl").read_bytes().splitlines()
    assert [a.status for a in answers] == [200] * 5000
    assert sorted(int(orjson.loads(line)["message"]) for line in lines) == list(range(5000))
    assert server.connected >= 5000 // 200


def test_one_stream_at_first_is_respected_and_more_are_used_later(
    server: VendorServer, tmp_path: Path
) -> None:
    server.first_streams, server.max_streams = 1, 50

    answers = ask(server, tmp_path, 200)

    assert [a.status for a in answers] == [200] * 200


@pytest.mark.parametrize("how", ["lost", "reset"])
def test_answer_lost_to_order_is_unknown_to_us_and_in_the_log(
    server: VendorServer, tmp_path: Path, how: str
) -> None:
    server.orders.give("t", {how: True})

    [answer] = ask(server, tmp_path, 1)

    [line] = (tmp_path / "log.jsonl").read_bytes().splitlines()
    assert answer.sent is Sent.UNKNOWN
    assert orjson.loads(line)["status"] == "lost"


def test_answer_that_drips_is_ended_at_the_deadline(server: VendorServer, tmp_path: Path) -> None:
    server.orders.give("t", {"status": 200, "body": "x" * 400, "drip": 0.1})

    [answer] = ask(server, tmp_path, 1, total=1.0)

    assert answer.status == 200
    assert 0 < len(answer.body) < 400
    assert answer.error


def test_whole_log_has_request_and_answer_but_no_signature(
    server: VendorServer, tmp_path: Path
) -> None:
    server.is_whole = True
    signed = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJERUYifQ.c2VjcmV0"

    ask(server, tmp_path, 1, headers=(("Authorization", f"bearer {signed}"),))

    entry = orjson.loads((tmp_path / "log.jsonl").read_bytes())
    headers = dict(entry["request"]["headers"])
    assert headers["authorization"] == f"bearer {signed.rpartition('.')[0]}.…"
    assert (entry["method"], entry["url"]) == ("POST", f"{server.url}/push/t")
    assert (entry["request"]["body"], entry["answer"]["body"]) == ("0", '{"ok":true}')
