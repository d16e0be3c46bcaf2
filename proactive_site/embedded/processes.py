"""Processes in groups of their own: started, asked to end, and found again after a crash."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

Ending = tuple[tuple[float, signal.Signals], ...]
POLITE: Ending = ((0.0, signal.SIGTERM), (2.0, signal.SIGKILL))


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and how to end it: signals with the seconds after which each one is sent."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    log: Path | None = None
    owner: pwd.struct_passwd | None = None
    ending: Ending = POLITE


@dataclass(slots=True)
class Process:
    """A process known by its id and the moment it began, so that a reused id is not it."""

    name: str
    pid: int
    began: str
    ending: Ending
    popen: subprocess.Popen[bytes] | None = None

    def is_alive(self) -> bool:
        if self.popen is not None:
            return self.popen.poll() is None
        return began(self.pid) == self.began

    def send(self, signum: signal.Signals) -> None:
        """SIGKILL goes to the whole group, anything gentler to its leader, who ends the others."""
        try:
            if signum == signal.SIGKILL:
                os.killpg(self.pid, signum)
            else:
                os.kill(self.pid, signum)
        except (ProcessLookupError, PermissionError):
            return


def start(program: Program) -> Process:
    """Start it as leader of a new group; call from the main thread, to which its life is tied.

    :raises OSError: when it can't be executed
    """
    owner = program.owner
    with open(program.log or os.devnull, "ab") as log:
        popen = subprocess.Popen(
            program.argv,
            env=dict(program.env),
            cwd=program.cwd,
            user=owner.pw_uid if owner else None,
            group=owner.pw_gid if owner else None,
            extra_groups=() if owner else None,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=tied_to_parent(program.ending[0][1]),
        )
    return Process(program.name, popen.pid, began(popen.pid) or "", program.ending, popen)


def tied_to_parent(signum: signal.Signals) -> Callable[[], None] | None:
    """Linux: the kernel sends `signum` to the child when the supervisor dies, however it dies."""
    if LIBC is None:
        return None
    libc, parent = LIBC, os.getpid()

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signum)

    return tie


def end(processes: Iterable[Process]) -> None:
    """End all at once, each by its own list of signals, then what is left of their groups."""
    processes, asked_at = tuple(processes), time.monotonic()
    sent = dict.fromkeys((process.pid for process in processes), 0)
    while alive := [process for process in processes if process.is_alive()]:
        for process in alive:
            due = process.ending[sent[process.pid] :][:1]
            if due and time.monotonic() - asked_at >= due[0][0]:
                sent[process.pid] += 1
                process.send(due[0][1])
        time.sleep(0.01)
    for process in processes:
        process.send(signal.SIGKILL)


def began(pid: int) -> str | None:
    """The moment a process began, in the system's own words; None when it is gone or a zombie."""
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return None
        state, *others = stat.rpartition(")")[2].split()
        return None if state in "ZX" else others[18]
    listed = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip() or None


def group_members(pgid: int, *, marked: str) -> list[int]:
    """Members of a process group whose environment has `marked`; Linux only, elsewhere none."""
    return [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if is_member(folder, pgid=pgid, marked=marked.encode())
    ]


def is_member(folder: Path, *, pgid: int, marked: bytes) -> bool:
    try:
        return os.getpgid(int(folder.name)) == pgid and marked in (
            (folder / "environ").read_bytes().split(b"\0")
        )
    except OSError:
        return False
