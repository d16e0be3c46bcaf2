"""Nobody waits for a server that was silent a moment ago."""

import threading
import time

import pytest

from common import circuit
from common.circuit import Circuit
from tests.live import wait_for


class Server:
    """Away until it is back; counts who asks, and lets each wait until it is told."""

    def __init__(self):
        self.is_back = False
        self.asked = 0
        self.may_answer = threading.Event()

    def ask(self):
        self.asked += 1
        assert self.may_answer.wait(20)
        if not self.is_back:
            raise ConnectionRefusedError


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(circuit, "PAUSE_SECONDS", 0.05)
    return Server()


@pytest.fixture
def opened(server):
    opened = Circuit(server.ask, failures=(OSError,))
    assert opened.may_ask()
    opened.open()
    return opened


def may_ask_after_a_pause(opened):
    time.sleep(0.06)
    return opened.may_ask()


def test_a_failure_is_news_once(opened):
    assert not opened.open()


def test_who_comes_while_the_server_is_away_is_sent_on_at_once(server, opened):
    """The server is asked meanwhile, by a thread that nobody waits for."""
    began = time.monotonic()

    assert not any(may_ask_after_a_pause(opened) for _ in range(3))

    assert time.monotonic() - began < 5
    wait_for(lambda: server.asked, seconds=5, what="the server to be asked")
    server.may_answer.set()


def test_within_a_pause_the_server_is_asked_once(server, opened, monkeypatch):
    monkeypatch.setattr(circuit, "PAUSE_SECONDS", 60)
    server.may_answer.set()
    time.sleep(0.06)

    assert not any(opened.may_ask() for _ in range(20))

    wait_for(lambda: server.asked, seconds=5, what="the server to be asked")
    assert server.asked == 1


def test_all_ask_again_when_the_server_has_answered(server, opened):
    server.may_answer.set()
    assert not may_ask_after_a_pause(opened)
    server.is_back = True

    wait_for(opened.may_ask, seconds=5, what="the circuit to close")

    assert all(opened.may_ask() for _ in range(20))
    assert opened.open()
