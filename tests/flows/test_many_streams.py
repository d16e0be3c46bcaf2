"""500 apps that are told live what happens, at the real web server: two processes with threads."""

import http.client
import json
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from consumers.models import Consumer
from conversations.services import receive_message
from tests.campaigns.conftest import Brand
from tests.consumers import tokens
from tests.crowd import make_crowd
from tests.factories.accounts import ApiClientFactory, bearer
from tests.factories.consumers import IdentityProviderFactory
from tests.live import Stack, live_stack, wait_for

pytestmark = pytest.mark.django_db(transaction=True)

APPS = 500
# Of each of the two processes.
POOL = 16


@dataclass
class App:
    """One stream over a socket of its own; ``heard`` is all that came."""

    ref: str
    port: int
    request: bytes
    heard: bytes = b""
    link: socket.socket = field(init=False)

    def connect(self) -> None:
        self.heard = b""
        self.link = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.link.sendall(self.request)
        self.link.setblocking(False)

    @property
    def is_open(self) -> bool:
        return self.heard.startswith(b"HTTP/1.1 200") and b": beat" in self.heard

    @property
    def is_refused(self) -> bool:
        return self.heard.startswith(b"HTTP/1.1 503")

    def has_heard(self, text: str) -> bool:
        return f'"text":"{text}"'.encode() in self.heard


@dataclass
class Apps:
    """All of them, read by one thread."""

    apps: list[App]
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    refusals: int = 0

    def open(self, app: App) -> None:
        app.connect()
        self.selector.register(app.link, selectors.EVENT_READ, app)

    def close(self, app: App) -> None:
        self.selector.unregister(app.link)
        app.link.close()

    def listen(self, seconds: float = 0.05) -> None:
        for key, _ in self.selector.select(seconds):
            key.data.heard += key.data.link.recv(65_536)

    def open_all(self) -> None:
        """Whoever is told 503 tries again, as it is told to: the other process may have room."""
        for app in self.apps:
            self.open(app)

        def are_open() -> bool:
            self.listen()
            for app in [one for one in self.apps if one.is_refused]:
                self.refusals += 1
                self.close(app)
                self.open(app)
            return all(app.is_open for app in self.apps)

        wait_for(are_open, seconds=60, what="500 open streams")

    def wait_until_heard(self, app: App, text: str) -> None:
        def is_heard() -> bool:
            self.listen()
            return app.has_heard(text)

        wait_for(is_heard, seconds=10, what=f"{app.ref} to hear of it")


@pytest.fixture
def brand(transactional_db: None) -> Brand:
    brand = make_crowd(APPS)
    IdentityProviderFactory(
        account=brand.account, issuer=tokens.ISSUER, public_key=tokens.pem(tokens.rsa_key())
    )
    return brand


def path_of(brand: Brand, path: str) -> str:
    return f"/api/sdk/v1/account/{brand.account.number}/{path}"


def token(ref: str) -> str:
    return tokens.sign(tokens.claims(sub=ref))


def app_of(stack: Stack, brand: Brand, ref: str) -> App:
    head = f"GET {path_of(brand, 'events')} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    request = f"{head}Authorization: Bearer {token(ref)}\r\n\r\n".encode()
    return App(ref, int(stack.env["PORT"]), request)


@contextmanager
def streaming(stack: Stack, brand: Brand, count: int) -> Iterator[Apps]:
    apps = Apps([app_of(stack, brand, f"c{n}") for n in range(1, count + 1)])
    try:
        apps.open_all()
        yield apps
    finally:
        for app in apps.apps:
            app.link.close()
        apps.selector.close()


def ask(stack: Stack, method: str, path: str, body: object = None, **headers: str) -> int:
    port = int(stack.env["PORT"])
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as link:
        sent = {"Content-Type": "application/json", **headers}
        link.request(method, path, json.dumps(body) if body is not None else None, sent)
        return link.getresponse().status


def connections_in_use() -> int:
    """Of the web server: none of them is the test's own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        (count,) = cursor.fetchone()
    return int(count)


def test_500_open_streams_each_hear_their_own_and_leave_the_server_to_the_others(
    brand: Brand, tmp_path: Path
) -> None:
    """The web server of production, but for the address."""
    talk = talk_of(brand, "c250")
    agent = bearer(ApiClientFactory(account=brand.account, scopes=["conversations:write"]))
    with live_stack(tmp_path, WEB_CONCURRENCY="2", WEB_THREADS="300") as stack:
        stack.start("web")
        stack.wait_until_ready()
        began = time.monotonic()
        with streaming(stack, brand, APPS) as apps:
            opened = time.monotonic() - began
            answered = [
                ask(stack, "GET", path_of(brand, "unread"), Authorization=f"Bearer {token(ref)}")
                for ref in ("c1", "c250", "c500", "nobody") * 10
            ]
            seconds = (time.monotonic() - began - opened) / len(answered)
            assert ask(stack, "POST", talk, {"text": "For you alone"}, **agent) == 201
            apps.wait_until_heard(apps.apps[249], "For you alone")
            in_use = connections_in_use()
            heard = [app.ref for app in apps.apps if app.has_heard("For you alone")]

    print(
        f"\n{APPS} streams open after {opened:.1f} s and {apps.refusals} refusals; "
        f"{seconds * 1e3:.0f} ms for another request; {in_use} connections to the database"
    )
    assert set(answered) == {200}
    assert heard == ["c250"]
    assert in_use <= 2 * POOL


def talk_of(brand: Brand, ref: str) -> str:
    consumer = Consumer.objects.get(account=brand.account, ref=ref)
    now = timezone.now()
    said = receive_message(account=brand.account, consumer=consumer, text="Hi", now=now)
    conversation = said.conversation.public_id
    return f"/api/v2/account/{brand.account.number}/conversations/{conversation}/messages"


def test_stream_beyond_the_room_is_told_503_and_leaves_threads_to_the_others(
    brand: Brand, tmp_path: Path
) -> None:
    with live_stack(tmp_path, WEB_CONCURRENCY="1", WEB_THREADS="10") as stack:
        stack.start("web")
        stack.wait_until_ready()
        with streaming(stack, brand, 9) as apps:
            late = app_of(stack, brand, "c10")
            apps.open(late)
            wait_for(lambda: apps.listen() or late.heard, seconds=10, what="an answer")
            apps.close(late)
            header = {"Authorization": f"Bearer {token('c10')}"}
            others = ask(stack, "GET", path_of(brand, "dialog"), **header)

    assert late.heard.startswith(b"HTTP/1.1 503")
    assert b"\r\nRetry-After: 5\r\n" in late.heard
    assert others == 200
