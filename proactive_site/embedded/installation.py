"""Where an installation keeps its things, who holds it, and what an earlier holder left behind."""

import fcntl
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proactive_site.embedded.folders import (
    Failure,
    data_folder,
    make_folder,
    make_short_folder,
    write_private,
)
from proactive_site.embedded.processes import Process, end, group_members

CHECKOUT = Path(__file__).resolve().parents[2]
HOME = CHECKOUT / ".local"
HOLD_SECONDS = 0.5


@dataclass(slots=True)
class Installation:
    """A folder of data, a folder of PostgreSQL's data, and a short folder for sockets."""

    home: Path
    postgres: Path
    sockets: Path
    is_throwaway: bool
    urls: dict[str, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)

    @property
    def logs(self) -> Path:
        return self.home / "log"

    def note(self, process: Process) -> None:
        """Write down a process that this installation started, for whoever comes after a crash."""
        self.processes[process.name] = process
        self.write_down()

    def write_down(self) -> None:
        record = {
            "pid": os.getpid(),
            "sockets": str(self.sockets),
            "urls": self.urls,
            "processes": [facts_of(process) for process in self.processes.values()],
        }
        write_private(record_of(self.home), json.dumps(record, indent=1))


@contextmanager
def kept() -> Iterator[Installation]:
    """The checkout's own installation, held by one process at a time.

    :raises Failure: when another process holds it
    """
    home = make_folder(HOME)
    with held(home):
        clear_leftovers(home)
        sockets = make_short_folder()
        try:
            postgres = data_folder(checkout=CHECKOUT, home=home)
            yield opened(Installation(home, postgres, sockets, is_throwaway=False))
        finally:
            shutil.rmtree(sockets, ignore_errors=True)
            record_of(home).unlink(missing_ok=True)


@contextmanager
def thrown_away(*, is_durable: bool = False) -> Iterator[Installation]:
    """An installation in a folder of its own that is gone afterwards.

    Its databases are fast and unsafe, unless `is_durable`: then they write as the server's do.
    """
    home = make_short_folder()
    try:
        with held(home):
            sweep_abandoned(home.parent)
            yield opened(Installation(home, home / "data", home, is_throwaway=not is_durable))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def opened(installation: Installation) -> Installation:
    make_folder(installation.logs)
    installation.write_down()
    return installation


def urls_of_holder() -> dict[str, str]:
    """Where the databases of this checkout listen now; empty when nothing is running."""
    home = HOME
    try:
        with held(home):
            return {}
    except Failure:
        urls: dict[str, str] = read_record(home).get("urls", {})
        return urls
    except FileNotFoundError:
        return {}


@contextmanager
def held(home: Path, *, patience: float = HOLD_SECONDS) -> Iterator[None]:
    """:raises Failure: when another process holds it and goes on holding it"""
    with open(home / "lock", "a+") as lock:
        if not is_locked(lock.fileno(), until=time.monotonic() + patience):
            pid = read_record(home).get("pid", "unknown")
            raise Failure(f"{home} is in use by process {pid}. Stop it first.")
        yield


def is_locked(lock: int, *, until: float) -> bool:
    """Somebody who only looks holds the lock for an instant; that is worth a moment's wait."""
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.05)
        else:
            return True


def clear_leftovers(home: Path) -> None:
    """End what a killed supervisor left running, gently, so that its data is whole."""
    record = read_record(home)
    left = [process_from(facts) for facts in record.get("processes", [])]
    end(process for process in left if process.is_alive())
    for process in left:
        for pid in group_members(process.pid, marked=f"PROACTIVE_DATA_DIR={home}"):
            os.kill(pid, signal.SIGKILL)
    if sockets := record.get("sockets"):
        shutil.rmtree(sockets, ignore_errors=True)


def sweep_abandoned(parent: Path) -> None:
    """Remove throw-away installations of ours whose supervisor was killed."""
    for home in parent.glob("proactive-*"):
        try:
            if home.stat().st_uid != os.geteuid() or not record_of(home).exists():
                continue
            with held(home, patience=0.0):
                clear_leftovers(home)
                shutil.rmtree(home, ignore_errors=True)
        except (Failure, FileNotFoundError):
            continue


def record_of(home: Path) -> Path:
    return home / "running.json"


def read_record(home: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(record_of(home).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return record


def facts_of(process: Process) -> dict[str, Any]:
    return {key: getattr(process, key) for key in ("name", "pid", "began", "ending")}


def process_from(facts: dict[str, Any]) -> Process:
    ending = tuple((after, signal.Signals(signum)) for after, signum in facts["ending"])
    return Process(facts["name"], facts["pid"], facts["began"], ending)
