"""The product on databases of its own that keep what they were told, and the means to hurt it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from proactive_site.embedded import credentials, postgres, valkey
from proactive_site.embedded.databases import DATABASES
from proactive_site.embedded.installation import CHECKOUT, Installation
from proactive_site.embedded.ports import HOST, free_port
from proactive_site.embedded.processes import Process, Program, end, start
from proactive_site.embedded.product import CELERY, MANAGE, PYTHON
from proactive_site.embedded.supervisor import answers

WORKERS = ("worker-1", "worker-2")
WORKER = (*CELERY, "worker", "--concurrency", "1", "--without-gossip", "--without-mingle")
WEB = (PYTHON, "-m", "gunicorn", "-c", "python:proactive_site.gunicorn", "proactive_site.wsgi")


@dataclass
class Stage:
    """``shrunk``: leases and timeouts by the names of the environment."""

    installation: Installation
    shrunk: Mapping[str, str]
    port: int = field(default_factory=free_port)
    env: dict[str, str] = field(default_factory=dict)
    programs: dict[str, Program] = field(default_factory=dict)

    def start_databases(self) -> None:
        database, url = postgres.prepare(self.installation)
        # A Valkey that keeps nothing on disk.
        forgetful = replace(self.installation, is_throwaway=True)
        broker, path = valkey.prepare(forgetful)
        self.programs |= {"PostgreSQL": database, "Valkey": broker}
        self.start_postgres()
        self.start_valkey()
        self.env = {
            **credentials.load(self.installation.home / "secrets.env"),
            **os.environ,
            "DATABASE_URL": url,
            "REDIS_URL": f"unix://{path}",
            "CELERY_BROKER_URL": f"redis+socket://{path}",
            "PROACTIVE_DATA_DIR": str(self.installation.home),
            "DJANGO_SETTINGS_MODULE": "proactive_site.settings",
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "ALLOWED_HOSTS": HOST,
            "DEBUG": "false",
            "INSECURE_HTTP": "true",
            "LAB": "off",
            "LOG_LEVEL": "WARNING",
            "WEB_CONCURRENCY": "1",
            "WEB_THREADS": "8",
            "EGRESS_ALLOW_HTTP": "true",
            "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
            **self.shrunk,
        }

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start_postgres(self) -> None:
        process = self._start("PostgreSQL")
        postgres.wait_until_ready(self.installation, process)

    def start_valkey(self) -> None:
        process = self._start("Valkey")
        valkey.wait_until_ready(
            self.installation, process, self.installation.sockets / "valkey.sock"
        )

    def start_product(self, *, workers: Sequence[str] = WORKERS) -> None:
        commands = {"web": WEB, "sweep": (*MANAGE, "sweep")}
        commands |= {name: (*WORKER, "--hostname", f"{name}@chaos") for name in workers}
        for name, command in commands.items():
            self.programs[name] = self.program(name, *command)
            self._start(name)
        deadline = time.monotonic() + 30
        while not answers(self.port, "/health"):
            if time.monotonic() > deadline:
                raise SystemExit(f"The web server did not start: {self.said('web')}")
            time.sleep(0.05)

    def program(self, name: str, *argv: str) -> Program:
        log = self.installation.logs / f"{name}.log"
        return Program(name, tuple(argv), env=self.env, cwd=CHECKOUT, log=log)

    def run(self, *argv: str) -> str:
        """A command of Python, to its end; returns what it printed."""
        done = subprocess.run(
            [PYTHON, *argv], env=self.env, cwd=CHECKOUT, capture_output=True, text=True, timeout=120
        )
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(argv)} failed: {done.stderr}")
        return done.stdout

    def start_stub(self, name: str, module: str, *options: str) -> str:
        """Start a vendor's stub; its URL is the first line that it prints."""
        self.programs[name] = self.program(name, sys.executable, "-m", module, *options)
        process = self._start(name)
        deadline = time.monotonic() + 30
        while "http" not in (said := self.said(name)):
            if not process.is_alive() or time.monotonic() > deadline:
                raise SystemExit(f"The stub {name} did not start: {said}")
            time.sleep(0.05)
        return said.split()[0]

    def kill_worker(self, name: str) -> None:
        """SIGKILL to the whole group, and a new one at once."""
        self._kill(name, signal.SIGKILL)
        self._start(name)

    def kill_valkey(self) -> None:
        self._kill("Valkey", signal.SIGKILL)
        self.start_valkey()

    def crash_postgres(self) -> None:
        """As ``pg_ctl stop -m immediate``, and a start: no checkpoint, each session broken off."""
        self.stop_postgres()
        self.start_postgres()

    def stop_postgres(self) -> None:
        self._kill("PostgreSQL", signal.SIGQUIT)

    def said(self, name: str) -> str:
        log = self.programs[name].log if name in self.programs else None
        path = log or self.installation.logs / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def end_product(self) -> None:
        """Those that use the databases; the databases go with the installation."""
        end(p for p in self.installation.processes.values() if p.name not in DATABASES)

    def end_all(self) -> None:
        """Without the supervisor's `close`, which has its process ignore signals for good."""
        self.end_product()
        end(p for p in self.installation.processes.values() if p.name in DATABASES)

    def _start(self, name: str) -> Process:
        process = start(self.programs[name])
        self.installation.note(process)
        return process

    def _kill(self, name: str, signum: signal.Signals) -> None:
        process = self.installation.processes[name]
        process.send(signum)
        deadline = time.monotonic() + 20
        while process.is_alive():
            if time.monotonic() > deadline:
                raise SystemExit(f"{name} did not end by {signum.name}.")
            time.sleep(0.01)


def grown(path: Path, read_to: int) -> tuple[list[bytes], int]:
    """The whole lines that were added to a file, and where it has been read to."""
    if not path.exists():
        return [], read_to
    with path.open("rb") as file:
        file.seek(read_to)
        data = file.read()
    whole = data.rfind(b"\n") + 1
    return data[:whole].splitlines(), read_to + whole
