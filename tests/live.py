"""The product's own processes against the test database: real gunicorn, worker, sweep, Valkey."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.db import connection

from proactive_site.embedded import valkey

PYTHON = sys.executable
ROOT = Path(__file__).resolve().parent.parent
CELERY = (PYTHON, "-m", "celery", "-A", "proactive_site")
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "web": (
        PYTHON,
        "-m",
        "gunicorn",
        "-c",
        "python:proactive_site.gunicorn",
        "proactive_site.wsgi",
    ),
    "worker": (*CELERY, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle"),
    "beat": (*CELERY, "beat", "--pidfile=", "--schedule", "{folder}/beat"),
    "sweep": (PYTHON, "manage.py", "sweep"),
}


def wait_for(condition: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """Ask until the answer is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds} s in vain for {what}.")
        time.sleep(0.02)
    return found


def children_of(pid: int) -> list[int]:
    """Processes that this one started and that are still there, zombies left out."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(stat.parent.name))
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def database_url() -> str:
    """The test's own database, as django-environ reads it."""
    name = connection.settings_dict["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@dataclass
class Stack:
    """Processes in groups of their own, started and killed by name."""

    folder: Path
    env: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        for name in names:
            command = tuple(part.format(folder=self.folder) for part in COMMANDS[name])
            self.run(name, *command)

    def run(self, name: str, *command: str) -> None:
        with open(self.folder / f"{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def signal(self, name: str, signum: signal.Signals) -> None:
        """To the whole group, as an operator's kill -9 of a service would."""
        os.killpg(self.running[name].pid, signum)

    def kill(self, name: str) -> None:
        self.signal(name, signal.SIGKILL)
        self.running.pop(name).wait(10)

    def stop(self) -> None:
        for name in list(self.running):
            self.kill(name)

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.env['PORT']}"

    def wait_until_ready(self) -> None:
        def is_up() -> bool:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        wait_for(is_up, seconds=30, what="the web server")


@contextmanager
def live_stack(folder: Path, **env: str) -> Iterator[Stack]:
    port = str(free_port())
    static = folder / "static"
    static.mkdir()
    given = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "PORT": port,
        "WEB_THREADS": "16",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "INSECURE_HTTP": "true",
        "LAB": "open",
        "STATIC_ROOT": str(static),
        **env,
    }
    stack = Stack(folder, given)
    try:
        yield stack
    finally:
        stack.stop()


@contextmanager
def own_valkey(stack: Stack) -> Iterator[Callable[[], None]]:
    """A Valkey for this test alone, without persistence; yields what starts it (again)."""
    with tempfile.TemporaryDirectory(prefix="vk") as folder:
        path = f"{folder}/s"
        command = [valkey.binary(), "--port", "0", "--unixsocket", path, "--save", ""]
        command += ["--appendonly", "no", "--dir", folder]

        def start() -> None:
            stack.run("valkey", *[str(part) for part in command])
            wait_for(lambda: valkey.answers(Path(path)), seconds=10, what="Valkey")

        stack.env |= {"REDIS_URL": f"unix://{path}", "CELERY_BROKER_URL": f"redis+socket://{path}"}
        start()
        yield start


@dataclass
class StubProxy:
    """A push proxy in a process of its own, with its own log."""

    url: str
    log: Path

    def entries(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.log.read_bytes().splitlines()]

    def count(self) -> int:
        return self.log.read_bytes().count(b"\n") if self.log.exists() else 0


@contextmanager
def stub_proxy(
    folder: Path, *, latency: float = 0.0, behaviour: Path | None = None
) -> Iterator[StubProxy]:
    """``behaviour`` is a file of orders (`tests.providers.proxy_server`)."""
    log = folder / "provider.jsonl"
    command = [PYTHON, "-m", "tests.providers.proxy_server", "--log", str(log)]
    if behaviour is not None:
        command += ["--behaviour", str(behaviour)]
    server = subprocess.Popen(
        [*command, "--latency", str(latency)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        yield StubProxy(server.stdout.readline().strip(), log)
    finally:
        server.terminate()
        server.wait(10)
        assert server.stdout is not None
        server.stdout.close()
