"""The servers of a run: on free ports, ended by their ids, with the CPU that they took."""

import http.client
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from proactive_site.embedded.ports import HOST, free_port
from proactive_site.embedded.processes import Process, Program, end, start

CHECKOUT = Path(__file__).resolve().parents[1]
MANAGE = (sys.executable, "-m", "django")
START_SECONDS = 30.0


class BenchFailure(Exception):
    """The run is worth nothing: what was to be measured did not work."""


@dataclass(frozen=True, slots=True)
class WebServer:
    process: Process
    port: int


@contextmanager
def running(name: str, argv: tuple[str, ...], folder: Path, **env: str) -> Iterator[Process]:
    """Run it beside the block, its output in a file of the folder."""
    log = folder / f"{name}.log"
    program = Program(name, argv, env={**os.environ, **env}, cwd=CHECKOUT, log=log)
    process = start(program)
    try:
        yield process
    finally:
        end([process])


@contextmanager
def web_server(
    name: str, wsgi: str, settings: str, folder: Path, **given: str
) -> Iterator[WebServer]:
    """gunicorn with the product's own configuration, and variables of the environment."""
    port, metrics = free_port(), folder / f"{name}-metrics"
    metrics.mkdir(exist_ok=True)
    env = {
        "DJANGO_SETTINGS_MODULE": settings,
        "PORT": str(port),
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        **given,
    }
    argv = (sys.executable, "-m", "gunicorn", "-c", "python:proactive_site.gunicorn", wsgi)
    with running(name, argv, folder, **env) as process:
        wait_until_answers(process, port, folder / f"{name}.log")
        yield WebServer(process, port)


@contextmanager
def worker(name: str, app: str, folder: Path, env: Mapping[str, str]) -> Iterator[Process]:
    """A Celery worker with the two processes that script/server gives it."""
    argv = (sys.executable, "-m", "celery", "-A", app, "worker", "--concurrency", "2")
    quiet = ("--without-gossip", "--without-mingle", "--hostname", f"{name}@bench")
    with running(name, (*argv, *quiet), folder, **env) as process:
        yield process


def wait_until_answers(process: Process, port: int, log: Path) -> None:
    """:raises BenchFailure: with the end of its log."""
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        if not process.is_alive() or time.monotonic() > deadline:
            said = log.read_text(errors="replace")[-3000:]
            raise BenchFailure(f"{process.name} did not start. It says:\n{said}")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
