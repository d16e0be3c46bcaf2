import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pycurl
import pytest

from common import exchange
from common.exchange import Exchange
from common.guard import AddressGuard
from common.transport import (
    TICK,
    Answer,
    Call,
    Limits,
    Pause,
    Sent,
    Tick,
    Timeouts,
    Tls,
    Transport,
    fetch,
)
from tests.providers.certificates import Certificate, make_certificate, server_context
from tests.providers.h2_server import H2Server
from tests.providers.proxy_server import ProxyServer, open_log, run_in_thread

Start = Callable[..., Any]


@pytest.fixture
def transport() -> Iterator[Transport]:
    """Patient, so that a busy machine sheds nothing."""
    made = Transport(Limits(patience=60, longest_wait=60))
    yield made
    made.close()


@pytest.fixture(scope="module")
def authority() -> Certificate:
    return make_certificate("Test authority")


@pytest.fixture(scope="module")
def certificate(authority: Certificate) -> Certificate:
    return make_certificate("server", issuer=authority, hosts=("127.0.0.1", "localhost"))


@pytest.fixture
def tls(authority: Certificate, tmp_path: Path) -> Tls:
    path = tmp_path / "authority.pem"
    path.write_text(authority.cert_pem)
    return Tls(ca_file=str(path))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start HTTP/1.1 servers that end with the test."""
    with ExitStack() as stack:

        def run(**options: Any) -> ProxyServer:
            log = open_log(tmp_path / "calls.jsonl")
            stack.callback(os.close, log.file)
            server = ProxyServer(log, **options)
            stack.enter_context(run_in_thread(server))
            return server

        yield run


@pytest.fixture
def start_h2(tmp_path: Path, certificate: Certificate) -> Iterator[Start]:
    with ExitStack() as stack:

        def run(**options: Any) -> H2Server:
            server = H2Server(server_context(certificate, tmp_path, protocols=("h2",)), **options)
            stack.enter_context(run_in_thread(server))
            return server

        yield run


def make_call(url: str, token: str, **options: Any) -> Call[str]:
    body = json.dumps({"device-token": token}).encode()
    options = {"key": url, "timeouts": Timeouts(20, 60)} | options
    return Call(token, method="POST", url=url, body=body, **options)


@contextmanager
def refusing_server(context: ssl.SSLContext) -> Iterator[str]:
    """A server whose side of the one handshake fails, and which reads on until we hang up."""

    def refuse(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        # A close with the request unread would overtake the alert.
        with connection.dup() as kept:
            with suppress(ssl.SSLError):
                context.wrap_socket(connection, server_side=True)
            kept.settimeout(5)
            while kept.recv(4096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=refuse, args=(listening,))
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join(10)


def answers_of(transport: Transport, calls: Any, **options: Any) -> dict[str, Answer[str]]:
    answers = [a for a in transport.perform(calls, **options) if isinstance(a, Answer)]
    by_tag = {answer.tag: answer for answer in answers}
    assert len(by_tag) == len(answers)
    return by_tag


def test_answers_come_in_the_order_in_which_they_complete(
    transport: Transport, start: Start
) -> None:
    server = start()
    server.orders.give("slow", {"delay": 0.3})
    server.orders.give("slower", {"delay": 0.6})
    calls = [make_call(server.url, token) for token in ("slower", "slow", "fast")]

    answers = list(transport.perform(calls, tick=60))

    assert [answer.tag for answer in answers if isinstance(answer, Answer)] == [
        "fast",
        "slow",
        "slower",
    ]


def test_answer_carries_status_headers_and_body(transport: Transport, start: Start) -> None:
    server = start()
    order = {"status": 418, "headers": {"Retry-After": " 7 "}, "body": "short"}
    server.orders.give("a", order)

    answer = answers_of(transport, [make_call(server.url, "a", headers=(("X-One", "1"),))])["a"]

    head, body = server.calls[0]
    assert (answer.sent, answer.status, answer.body) == (Sent.ANSWERED, 418, b"short")
    assert answer.headers == {"content-length": "5", "retry-after": "7"}
    assert (head["x-one"], json.loads(body)) == ("1", {"device-token": "a"})


@pytest.mark.parametrize(("size", "error"), [(1000, False), (200_000, True)])
def test_body_is_read_up_to_the_limit_and_the_status_stands(
    transport: Transport, start: Start, size: int, error: bool
) -> None:
    server = start()
    server.orders.give("a", {"status": 500, "body": "x" * size})

    answer = answers_of(transport, [make_call(server.url, "a")])["a"]

    assert (answer.sent, answer.status, bool(answer.error)) == (Sent.ANSWERED, 500, error)
    assert len(answer.body) <= 65536


def test_connections_of_a_key_are_few_and_kept(transport: Transport, start: Start) -> None:
    server = start(latency=0.002)

    first = answers_of(transport, (make_call(server.url, f"a{n}") for n in range(300)))
    second = answers_of(transport, (make_call(server.url, f"b{n}") for n in range(100)))

    assert [len(first), len(second)] == [300, 100]
    assert {answer.status for answer in [*first.values(), *second.values()]} == {200}
    assert server.connected == transport.limits.connections_per_key


@pytest.mark.parametrize("is_secure", [True, False], ids=["https", "http"])
def test_restarted_server_loses_no_call_to_connections_that_it_has_closed(
    transport: Transport,
    tls: Tls,
    certificate: Certificate,
    tmp_path: Path,
    is_secure: bool,
) -> None:
    context = server_context(certificate, tmp_path) if is_secure else None
    log = open_log(tmp_path / "calls.jsonl")
    before = ProxyServer(log, latency=0.01, tls=context)
    with run_in_thread(before):
        answers_of(transport, (make_call(before.url, f"a{n}", tls=tls) for n in range(100)))
    after = ProxyServer(log, latency=0.01, tls=context, port=before.port)
    with run_in_thread(after):
        calls = (make_call(after.url, f"b{n}", tls=tls) for n in range(300))
        answers = answers_of(transport, calls)
    os.close(log.file)

    assert before.connected == transport.limits.connections_per_key
    assert {answer.status for answer in answers.values()} == {200}
    assert len(after.calls) == 300
    # A new one for each that was closed, and some besides until those are out of the way.
    assert after.connected < 150


@pytest.mark.parametrize("is_secure", [True, False], ids=["https", "http"])
def test_kept_connection_that_the_server_leaves_is_not_used_again(
    transport: Transport,
    start: Start,
    tls: Tls,
    certificate: Certificate,
    tmp_path: Path,
    is_secure: bool,
) -> None:
    server = start(tls=server_context(certificate, tmp_path) if is_secure else None)
    server.orders.give("left", {"leave": 0.02, "times": 9})
    answers = []
    for token in ["kept", "left"] * 5:
        answers += answers_of(transport, [make_call(server.url, token, tls=tls)]).values()
        time.sleep(0.1)

    found = {(answer.sent, answer.status, answer.is_resent) for answer in answers}
    assert found == {(Sent.ANSWERED, 200, False)}
    assert len(server.calls) == 10
    assert server.connected < 10


def test_https_server_without_http2_is_called_on_all_connections_at_once(
    transport: Transport, start: Start, tls: Tls, certificate: Certificate, tmp_path: Path
) -> None:
    server = start(latency=0.1, tls=server_context(certificate, tmp_path))
    began = time.monotonic()

    answers = answers_of(transport, (make_call(server.url, f"{n}", tls=tls) for n in range(100)))

    assert {answer.status for answer in answers.values()} == {200}
    assert server.connected == transport.limits.connections_per_key
    assert time.monotonic() - began < 100 * 0.1


def test_credentials_never_share_a_connection(transport: Transport, start: Start) -> None:
    server = start()
    calls = [make_call(server.url, f"{key}{n}", key=key) for n in range(3) for key in "abcd"]

    answers = answers_of(transport, calls, in_flight=1)

    assert len(answers) == 12
    assert server.connected == 4


def test_connection_made_under_one_guard_is_not_used_under_another(
    transport: Transport, start: Start
) -> None:
    server = start()
    loose = AddressGuard(("127.0.0.0/8",), allow_http=True)
    strict = AddressGuard(allow_http=True, ports=(server.port,))
    calls = [
        make_call(server.url, "loose", guard=loose, key="k"),
        make_call(server.url, "strict", guard=strict, key="k"),
    ]

    answers = answers_of(transport, calls, in_flight=1)

    assert answers["loose"].status == 200
    assert answers["strict"].is_address_refused


def test_keys_unused_for_longest_lose_their_connections(start: Start) -> None:
    server = start()
    transport = Transport(Limits(keys=3))

    answers_of(
        transport, [make_call(server.url, str(n), key=str(n)) for n in range(9)], in_flight=1
    )
    deadline = time.monotonic() + 30
    while len(server.connections) > 3 and time.monotonic() < deadline:
        time.sleep(0.01)

    assert [server.connected, len(server.connections)] == [9, 3]
    transport.close()


def test_http2_carries_many_calls_on_one_connection(
    transport: Transport, start_h2: Start, tls: Tls
) -> None:
    server = start_h2(latency=0.05)

    answers = answers_of(transport, (make_call(server.url, f"{n}", tls=tls) for n in range(500)))

    assert {(a.sent, a.status) for a in answers.values()} == {(Sent.ANSWERED, 200)}
    assert len(answers) == len(server.bodies) == 500
    assert len(server.connections) == 1
    assert server.most_open == 75


@pytest.mark.parametrize("streams", [1, 5, 20])
def test_http2_server_that_allows_few_streams_is_not_flooded(
    transport: Transport, start_h2: Start, tls: Tls, streams: int
) -> None:
    """It refuses what is above its limit, and says its limit only when the connection stands."""
    server = start_h2(max_streams=streams, latency=0.02)

    answers = answers_of(transport, (make_call(server.url, f"{n}", tls=tls) for n in range(300)))

    taken = sorted(json.loads(body)["device-token"] for body in server.bodies)
    assert taken == sorted(tag for tag, answer in answers.items() if answer.status == 200)
    assert server.most_open == streams
    assert server.most_connected <= transport.limits.connections_per_key + 5  # still closing
    assert len(answers) == 300
    assert len(taken) > 290


@pytest.mark.parametrize("streams", [1, 5, 20])
def test_first_call_goes_alone_where_the_server_would_refuse_more(
    transport: Transport, start_h2: Start, tls: Tls, streams: int
) -> None:
    server = start_h2(max_streams=streams, latency=0.02)
    calls = (make_call(server.url, f"{n}", tls=tls, is_first_alone=True) for n in range(300))

    answers = answers_of(transport, calls)

    assert {(a.status, a.is_resent) for a in answers.values()} == {(200, False)}
    assert len(answers) == len(server.bodies) == 300
    assert server.most_connected <= transport.limits.connections_per_key


@pytest.mark.parametrize("trouble", ["goaway", "refuse"])
def test_calls_that_http2_says_were_not_looked_at_are_sent_again_and_only_those(
    transport: Transport, start_h2: Start, tls: Tls, trouble: str
) -> None:
    server = start_h2(trouble=trouble, every=50, latency=0.01)

    answers = answers_of(transport, (make_call(server.url, f"{n}", tls=tls) for n in range(2000)))

    taken = sorted(json.loads(body)["device-token"] for body in server.bodies)
    answered = [tag for tag, answer in answers.items() if answer.status == 200]
    unsent = [tag for tag, answer in answers.items() if answer.sent is Sent.NOT_SENT]
    assert len(answers) == len(answered) + len(unsent) == 2000
    assert taken == sorted(answered)
    assert any(answer.is_resent for answer in answers.values())


@pytest.mark.parametrize("trouble", ["goaway_abrupt", "rst"])
def test_call_that_http2_lost_is_unknown_or_known_to_have_been_sent_twice(
    transport: Transport, start_h2: Start, tls: Tls, trouble: str
) -> None:
    server = start_h2(trouble=trouble, every=50, latency=0.01)

    answers = answers_of(transport, (make_call(server.url, f"{n}", tls=tls) for n in range(1000)))

    taken = [json.loads(body)["device-token"] for body in server.bodies]
    twice = {token for token in taken if taken.count(token) > 1}
    assert len(answers) == 1000
    assert Sent.UNKNOWN in {answer.sent for answer in answers.values()} or twice
    assert twice <= {tag for tag, answer in answers.items() if answer.is_resent}
    for tag, answer in answers.items():
        assert answer.sent in (Sent.ANSWERED, Sent.UNKNOWN) or tag not in taken


@pytest.mark.parametrize("in_flight", [1, 20])
def test_connection_whose_other_end_is_gone_is_left_when_a_call_on_it_gets_no_answer(
    transport: Transport, start_h2: Start, tls: Tls, in_flight: int
) -> None:
    """D12: half-open. Many calls share a connection, so the next ones would be lost on it too."""
    server = start_h2(trouble="mute", every=150)
    calls = (make_call(server.url, f"{n}", tls=tls, timeouts=Timeouts(5, 1.0)) for n in range(200))

    answers = answers_of(transport, calls, in_flight=in_flight)

    lost = [tag for tag, answer in answers.items() if answer.sent is Sent.UNKNOWN]
    answered = [tag for tag, answer in answers.items() if answer.status == 200]
    assert len(lost) + len(answered) == 200
    assert 1 <= len(lost) <= in_flight
    assert len(server.connections) == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_call_to_a_server_that_is_not_there_was_not_sent(transport: Transport, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    answer = answers_of(transport, [make_call(f"http://{host}:{port}/", "a")])["a"]

    assert (answer.sent, answer.status, answer.is_tls_refused) == (Sent.NOT_SENT, None, False)
    assert answer.error


def test_call_to_a_server_that_accepts_nobody_ends_at_the_connect_deadline(
    transport: Transport,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        began = time.monotonic()

        answer = answers_of(transport, [make_call(url, "a", timeouts=Timeouts(0.4, 5.0))])["a"]

    assert (answer.sent, answer.is_tls_refused) == (Sent.NOT_SENT, False)
    assert 0.3 < time.monotonic() - began < 4.0


@pytest.mark.parametrize("is_secure", [True, False], ids=["https", "http"])
@pytest.mark.parametrize("is_first", [True, False], ids=["new connection", "kept connection"])
def test_call_reset_after_it_was_written_is_unknown_and_was_sent_once(
    transport: Transport,
    start: Start,
    tls: Tls,
    certificate: Certificate,
    tmp_path: Path,
    is_first: bool,
    is_secure: bool,
) -> None:
    server = start(tls=server_context(certificate, tmp_path) if is_secure else None)
    if not is_first:
        answers_of(transport, [make_call(server.url, "before", tls=tls)])
    server.orders.give("a", {"reset": True, "times": 9})

    answer = answers_of(transport, [make_call(server.url, "a", tls=tls)])["a"]

    tokens = [json.loads(body)["device-token"] for _, body in server.calls]
    assert (answer.sent, answer.is_resent) == (Sent.UNKNOWN, False)
    assert tokens.count("a") == 1


@pytest.mark.parametrize(
    ("order", "sent", "status"),
    [
        ({"delay": 30}, Sent.UNKNOWN, None),
        ({"drip": 0.1}, Sent.UNKNOWN, None),
        ({"drip": 0.01, "body": "x" * 5000}, Sent.ANSWERED, 200),
        ({"cut": True, "body": "half", "status": 503}, Sent.ANSWERED, 503),
    ],
    ids=["silence", "drip in the head", "drip in the body", "cut"],
)
def test_total_deadline_holds_and_a_whole_head_is_an_answer(
    transport: Transport, start: Start, order: dict[str, Any], sent: Sent, status: int | None
) -> None:
    server = start()
    server.orders.give("a", order)
    began = time.monotonic()

    answer = answers_of(transport, [make_call(server.url, "a", timeouts=Timeouts(1.0, 1.0))])["a"]

    assert (answer.sent, answer.status) == (sent, status)
    assert answer.error
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("fault", ["expired", "wrong host", "unknown authority"])
def test_bad_certificate_is_refused_and_nothing_is_sent(
    transport: Transport, start: Start, tls: Tls, authority: Certificate, tmp_path: Path, fault: str
) -> None:
    hosts = ("example.com",) if fault == "wrong host" else ("127.0.0.1",)
    days = -1 if fault == "expired" else 2
    issuer = make_certificate("Other") if fault == "unknown authority" else authority
    bad = make_certificate("server", issuer=issuer, hosts=hosts, days=days)
    server = start(tls=server_context(bad, tmp_path))

    answer = answers_of(transport, [make_call(server.url, "a", tls=tls)])["a"]

    assert (answer.sent, answer.is_tls_refused) == (Sent.NOT_SENT, True)
    assert not server.calls


def test_plain_http_where_tls_was_meant_is_refused(transport: Transport, start: Start) -> None:
    server = start()
    url = server.url.replace("http://", "https://")

    answer = answers_of(transport, [make_call(url, "a")])["a"]

    assert (answer.sent, answer.is_tls_refused) == (Sent.NOT_SENT, True)


def test_client_certificate_opens_a_server_that_asks_for_one(
    transport: Transport,
    start: Start,
    tls: Tls,
    authority: Certificate,
    certificate: Certificate,
    tmp_path: Path,
) -> None:
    server = start(tls=server_context(certificate, tmp_path, client_authority=authority))
    ours = make_certificate("brand", issuer=authority)
    mutual = Tls(tls.ca_file, ours.cert_pem, ours.key_pem)

    answer = answers_of(transport, [make_call(server.url, "a", tls=mutual)])["a"]

    assert answer.status == 200


def test_server_that_refuses_our_certificate_has_taken_nothing(
    transport: Transport,
    tls: Tls,
    authority: Certificate,
    certificate: Certificate,
    tmp_path: Path,
) -> None:
    context = server_context(certificate, tmp_path, client_authority=authority)

    with refusing_server(context) as url:
        answer = answers_of(transport, [make_call(url, "a", tls=tls)])["a"]

    assert (answer.sent, answer.is_tls_refused) == (Sent.NOT_SENT, True)
    assert "certificate required" in answer.error


def test_server_that_speaks_old_tls_only_is_refused(
    transport: Transport, tls: Tls, certificate: Certificate, tmp_path: Path
) -> None:
    context = server_context(certificate, tmp_path)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    with refusing_server(context) as url:
        answer = answers_of(transport, [make_call(url, "a", tls=tls)])["a"]

    assert (answer.sent, answer.is_tls_refused) == (Sent.NOT_SENT, True)
    assert "version" in answer.error


@pytest.mark.parametrize("said", [b"", b"\x15\x03"], ids=["after our greeting", "amid theirs"])
def test_handshake_that_breaks_off_is_no_verdict_on_certificates(
    transport: Transport, said: bytes
) -> None:
    def hang_up(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        connection.recv(65536)
        connection.sendall(said)
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=hang_up, args=(listening,))
        thread.start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
        answer = answers_of(transport, [make_call(url, "a")])["a"]
        thread.join(10)

    assert (answer.sent, answer.is_tls_refused) == (Sent.NOT_SENT, False)


@pytest.mark.parametrize(
    ("url", "header"),
    [("http://127.0.0.1/\u2028é", "x"), ("http://127.0.0.1/", "x\r\nHost: y")],
)
def test_call_that_cannot_be_written_as_http_does_not_stop_the_others(
    transport: Transport, start: Start, url: str, header: str
) -> None:
    server = start()
    bad = make_call(url, "bad", headers=(("X-One", header),))

    answers = answers_of(transport, [bad, make_call(server.url, "good")])

    assert [answers["bad"].sent, answers["good"].status] == [Sent.NOT_SENT, 200]


def test_closing_early_aborts_what_is_in_flight_and_invents_no_answer(
    transport: Transport, start: Start
) -> None:
    server = start()
    server.orders.give("stuck", {"delay": 0.3})
    server.orders.give("after", {"delay": 0.6})
    run = transport.perform([make_call(server.url, "stuck"), make_call(server.url, "quick")])

    first = next(run)
    run.close()
    later = list(transport.perform([make_call(server.url, "after")], tick=60))

    assert isinstance(first, Answer)
    assert first.tag == "quick"
    assert [answer.tag for answer in later if isinstance(answer, Answer)] == ["after"]


def test_reader_gets_ticks_while_nothing_completes(transport: Transport, start: Start) -> None:
    server = start()
    server.orders.give("slow", {"delay": 0.75})

    seen = list(transport.perform([make_call(server.url, "slow")], tick=0.2))

    assert seen[:-1] == [TICK, TICK, TICK]
    assert isinstance(seen[-1], Answer)


def test_pause_is_answered_without_a_network(transport: Transport) -> None:
    began = time.monotonic()

    answers = answers_of(transport, [Pause("late", 0.3), Pause("now")])

    assert list(answers) == ["now", "late"]
    assert [answer.status for answer in answers.values()] == [None, None]
    assert answers["late"].elapsed_ms >= 300
    assert time.monotonic() - began < 2


def test_source_that_has_nothing_now_is_asked_again_while_others_are_under_way(
    transport: Transport, start: Start
) -> None:
    server = start()
    server.orders.give("slow", {"delay": 1.0})
    asked = 0

    def calls() -> Iterator[Call[str] | Tick]:
        nonlocal asked
        yield make_call(server.url, "slow")
        while asked < 2:
            asked += 1
            yield TICK
        yield make_call(server.url, "later")

    assert list(answers_of(transport, calls(), tick=60)) == ["later", "slow"]


def test_stuck_key_does_not_hold_up_the_others(start: Start) -> None:
    """D9: a provider's outage holds up only its own app."""
    transport = Transport(Limits(longest_wait=2.0))
    stuck, healthy = start(latency=60), start()
    timeouts = {stuck.port: Timeouts(1.0, 1.0), healthy.port: Timeouts(1.0, 10.0)}
    order = [(server, n) for n in range(300) for server in (stuck, healthy)]
    calls = (
        make_call(server.url, f"{server.port}-{n}", timeouts=timeouts[server.port])
        for server, n in order
    )
    finished_at: dict[int, float] = {}
    sent: dict[int, list[Sent]] = {stuck.port: [], healthy.port: []}
    began = time.monotonic()

    for answer in transport.perform(calls):
        if isinstance(answer, Answer):
            port = int(answer.tag.partition("-")[0])
            sent[port].append(answer.sent)
            finished_at[port] = time.monotonic() - began

    assert sent[healthy.port] == [Sent.ANSWERED] * 300
    # In turn with the stuck one, ten of which end every second, it would take half a minute.
    assert finished_at[healthy.port] < 10
    assert len(sent[stuck.port]) == 300
    assert set(sent[stuck.port]) == {Sent.NOT_STARTED, Sent.UNKNOWN}
    started = sent[stuck.port].count(Sent.UNKNOWN)
    assert len(stuck.calls) == started <= 30
    transport.close()


@pytest.mark.parametrize(("keys", "most"), [(1, 10 + 25 + 1), (8, 8 * 10 + 100)])
def test_calls_are_pulled_only_as_places_fall_free(
    transport: Transport, start: Start, keys: int, most: int
) -> None:
    """Ten connections and a queue of 25 for each key; 100 waiting in all."""
    server = start(latency=0.02)
    pulled = 0

    def calls() -> Iterator[Call[str]]:
        nonlocal pulled
        for n in range(600):
            pulled += 1
            yield make_call(server.url, str(n), key=str(n % keys))

    ahead = []
    for done, answer in enumerate(transport.perform(calls(), tick=60)):
        assert isinstance(answer, Answer)
        ahead.append(pulled - done)

    assert len(ahead) == 600
    assert max(ahead) == most


def test_error_in_the_source_is_raised_after_what_is_in_flight(
    transport: Transport, start: Start
) -> None:
    server = start(latency=0.1)

    def calls() -> Iterator[Call[str]]:
        yield make_call(server.url, "a")
        raise LookupError("gone")

    run = transport.perform(calls())
    first = next(run)
    with pytest.raises(LookupError, match="gone"):
        next(run)

    assert isinstance(first, Answer)
    assert (first.tag, first.status) == ("a", 200)


def test_transport_in_use_refuses_a_second_run_but_fetch_works_inside(
    transport: Transport, start: Start
) -> None:
    server = start()
    run = transport.perform([make_call(server.url, "a"), make_call(server.url, "b")])
    next(run)

    assert fetch(make_call(server.url, "inside")).status == 200
    with pytest.raises(RuntimeError, match="in use"):
        next(transport.perform([]))
    run.close()
    assert list(transport.perform([])) == []


def test_redirect_is_not_followed_and_no_proxy_is_taken_from_the_environment(
    transport: Transport, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, elsewhere = start(), start()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, elsewhere.url)
    server.orders.give("a", {"status": 302, "headers": {"Location": elsewhere.url}})

    answer = answers_of(transport, [make_call(server.url, "a")])["a"]

    assert answer.status == 302
    assert elsewhere.connected == 0


def test_call_that_follows_others_on_their_handle_carries_its_own_and_nothing_of_theirs(
    transport: Transport, start: Start
) -> None:
    server = start()
    server.orders.give("late", {"delay": 30})
    key, brief = {"key": "k"}, Timeouts(1.0, 0.4)
    calls = [
        Call("1", "k", "POST", server.url, headers=(("X-One", "1"),), body=b'{"n": "12345"}'),
        Call("2", "k", "GET", f"{server.url}/other"),
        make_call(server.url, "bad", headers=(("X-One", "a\r\nb"),), **key),
        Call("3", "k", "PUT", server.url, headers=(("X-Two", "2"),), body=b"{}"),
        make_call(server.url, "late", timeouts=brief, **key),
        Call("4", "k", "POST", server.url, headers=(("X-Two", "2"),), body=b'{"n": 1}'),
    ]

    answers = answers_of(transport, calls, in_flight=1)

    asked = [
        (head[""].removesuffix(" HTTP/1.1"), head.get("x-one"), head.get("x-two"), body)
        for head, body in server.calls
        if b"device-token" not in body
    ]
    assert asked == [
        ("POST /push", "1", None, b'{"n": "12345"}'),
        ("GET /push/other", None, None, b""),
        ("PUT /push", None, "2", b"{}"),
        ("POST /push", None, "2", b'{"n": 1}'),
    ]
    sent = {tag: answer.sent for tag, answer in answers.items()}
    assert sent.pop("bad") is Sent.NOT_SENT
    assert sent.pop("late") is Sent.UNKNOWN
    assert set(sent.values()) == {Sent.ANSWERED}


def test_process_that_was_stopped_ends_what_is_past_its_time_and_goes_on_with_the_rest(
    transport: Transport, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D3: before libcurl may send what it had begun to start."""
    monkeypatch.setattr(exchange, "LATE_SECONDS", 0.1)
    server = start()
    server.orders.give("brief", {"delay": 30})
    server.orders.give("patient", {"delay": 1.3})
    calls = [
        make_call(server.url, "patient"),
        make_call(server.url, "brief", timeouts=Timeouts(1.0, 1.0)),
    ]
    run = transport.perform(calls, tick=0.01)

    assert next(run) is TICK
    time.sleep(1.2)
    later = [answer for answer in run if isinstance(answer, Answer)]

    assert [(a.tag, a.status, a.error) for a in later] == [
        ("brief", None, "ended late (28)"),
        ("patient", 200, ""),
    ]


def test_what_has_not_begun_in_time_is_given_back(transport: Transport, start: Start) -> None:
    """D3: pulled before the process was stopped, not started when it wakes up."""
    server = start(latency=0.2)

    def calls() -> Iterator[Call[str]]:
        yield make_call(server.url, "begun")
        yield make_call(server.url, "queued")
        time.sleep(0.3)
        yield make_call(server.url, "pulled")

    answers = answers_of(transport, calls(), per_key=1, start_by=time.monotonic() + 0.15)

    assert {tag: answer.sent for tag, answer in answers.items()} == {
        "begun": Sent.ANSWERED,
        "queued": Sent.NOT_STARTED,
        "pulled": Sent.NOT_STARTED,
    }
    assert len(server.calls) == 1


def test_request_is_not_written_past_its_time(start: Start) -> None:
    """D3: stopped when libcurl is about to write, a process looks at the clock once more."""
    server = start()
    call = make_call(server.url, "late")
    late = Exchange(call.tls, call.guard)
    late.begin(call, is_repeatable=False, now=time.monotonic() - 61)

    with pytest.raises(pycurl.error) as failure:
        late.curl.perform()

    assert late.finish(*failure.value.args).sent is Sent.NOT_SENT
    assert fetch(make_call(server.url, "after")).status == 200
    assert [json.loads(body)["device-token"] for _, body in server.calls] == ["after"]
    late.curl.close()


@contextmanager
def one_answer(said: bytes) -> Iterator[str]:
    """A server that says this once, whatever it is asked."""

    def answer_once(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer_once, args=(listening,))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join(10)


@pytest.mark.parametrize("line", [b"\r\n", b"\n"])
def test_interim_heads_and_trailers_are_told_from_the_answers_own_head(
    transport: Transport, line: bytes
) -> None:
    said = [b"HTTP/1.1 103 Early Hints", b"Link: a", b"", b"HTTP/1.1 429 Slow", b"Retry-After: 7"]
    said += [b"Transfer-Encoding: chunked", b"Trailer: Retry-After", b"", b"2", b"no", b"0"]
    said += [b"Retry-After: 9", b"", b""]

    with one_answer(line.join(said)) as url:
        answer = answers_of(transport, [make_call(url, "a")])["a"]

    assert (answer.status, answer.headers["retry-after"], answer.body) == (429, "7", b"no")
    assert "link" not in answer.headers


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"HTTP/1.1 200\xff\r\nContent-Length: 0\r\n\r\n", 200),
        (b"HTTP/1.1 20099999999 OK\r\nContent-Length: 0\r\n\r\n", 200),
        (b"HTTP/1.1 103\r\n\r\nHTTP/1.1 200\r\nHTTP/no: x\r\nContent-Length: 0\r\n\r\n", 200),
        (b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHTTP/no: x\r\n\r\n", 200),
        (b"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", None),
    ],
    ids=["status and a byte", "long status", "header", "trailer", "no status"],
)
def test_strange_head_is_read_as_far_as_it_goes_and_stops_no_other_call(
    transport: Transport, start: Start, said: bytes, status: int | None
) -> None:
    """D9: the server is a brand's own."""
    other = start()
    with one_answer(said) as url:
        calls = [make_call(url, "strange"), make_call(other.url, "other")]
        answers = answers_of(transport, calls)

    assert answers["strange"].status == status
    assert answers["other"].status == 200


def test_get_sends_no_body(start: Start) -> None:
    server = start()

    answer = fetch(Call("a", "k", "GET", server.url))

    head, body = server.calls[0]
    assert (answer.status, head[""], body) == (200, "GET /push HTTP/1.1", b"")


FORK = """
import os, sys
from common.transport import Answer, Call, Tls, transport

def ask(tag):
    body = b'{"device-token": "%s"}' % tag.encode()
    call = Call(tag, "k", "POST", sys.argv[1], body=body, tls=Tls(sys.argv[2]))
    return [a.status for a in transport().perform([call]) if isinstance(a, Answer)]

before, inherited = ask("before"), transport()
assert transport() is inherited
child = os.fork()
if child == 0:
    is_new = transport() is not inherited
    os._exit(0 if is_new and ask("child") == [200] else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert transport() is inherited and ask("after") == [200]
"""


def test_fork_makes_its_own_connections_and_leaves_the_parents_alone(
    start_h2: Start, tls: Tls
) -> None:
    server = start_h2()

    subprocess.run([sys.executable, "-c", FORK, server.url, tls.ca_file], check=True, timeout=60)

    tokens = [json.loads(body)["device-token"] for body in server.bodies]
    assert tokens == ["before", "child", "after"]
    assert len(server.connections) == 2


def test_each_thread_has_its_own_transport(start: Start) -> None:
    server = start()
    statuses = []

    def ask() -> None:
        statuses.append(fetch(make_call(server.url, "a")).status)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert statuses == [200] * 4
