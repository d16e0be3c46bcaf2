"""A command on the caller's terminal, and the signals that stop the supervisor."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from proactive_site.embedded.folders import Failure
from proactive_site.embedded.processes import tied_to_parent

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 2.0


class Stopped(BaseException):
    """Somebody asked the supervisor to stop."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum
        self.exit_code = 128 + signum


def stop(signum: int, frame: FrameType | None) -> NoReturn:
    ignore_signals()
    raise Stopped(signum)


def listen_for_signals() -> None:
    """Ctrl-C and SIGTERM always; SIGHUP unless nohup has it ignored."""
    for signum in STOPPING:
        if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:
            signal.signal(signum, stop)


def ignore_signals() -> None:
    """From here on nothing interrupts the clearing up."""
    for signum in STOPPING:
        signal.signal(signum, signal.SIG_IGN)


@contextmanager
def terminal_decides() -> Iterator[None]:
    """On a terminal Ctrl-C reaches the command by itself; psql, say, goes on after it."""
    before = signal.signal(signal.SIGINT, lambda signum, frame: None)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) != signal.SIG_IGN:
            signal.signal(signal.SIGINT, before)


def run_command(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Run it to its end and return its exit code, as a shell would.

    Away from a terminal it gets a group of its own, and nothing of that group outlives it.
    """
    has_terminal = sys.stdin.isatty()
    group = None if has_terminal else 0
    try:
        command = subprocess.Popen(
            argv, env=dict(env), process_group=group, preexec_fn=tied_to_parent(signal.SIGTERM)
        )
    except OSError as error:
        raise Failure(f"{argv[0]} can't be run: {error.strerror}.") from error
    try:
        if has_terminal:
            with terminal_decides():
                code = command.wait()
        else:
            code = command.wait()
    except Stopped as stopped:
        pass_on(command, stopped.signum, to_group=not has_terminal)
        raise
    finally:
        if not has_terminal:
            send(command, signal.SIGKILL, to_group=True)
    return code if code >= 0 else 128 - code


def pass_on(command: subprocess.Popen[bytes], signum: int, *, to_group: bool) -> None:
    send(command, signum, to_group=to_group)
    try:
        command.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        send(command, signal.SIGKILL, to_group=to_group)
        command.wait()


def send(command: subprocess.Popen[bytes], signum: int, *, to_group: bool) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if to_group:
            os.killpg(command.pid, signum)
        else:
            command.send_signal(signum)
