"""From an empty machine to a product that serves, kept running until somebody stops it."""

import http.client
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from proactive_site.embedded import ports
from proactive_site.embedded.databases import DATABASES, environment, start_databases
from proactive_site.embedded.folders import Failure, last_lines
from proactive_site.embedded.foreground import ignore_signals, run_command
from proactive_site.embedded.installation import CHECKOUT, Installation
from proactive_site.embedded.processes import Process, Program, end, start

READY_SECONDS = 60.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Task:
    """A command of the product, with the words that a person reads for it."""

    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Servers:
    """Children that the steps after them call, by the port on which each listens."""

    name: str
    tasks: Mapping[int, Task]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an installation does: steps, then children, then one command on the terminal.

    `env` is added to the environment of all; `urls` too, and to that of commands that run beside.
    With `is_over_then` everything ends with that command, and its exit code is the supervisor's.
    """

    port: int
    ready_path: str
    steps: tuple[Task | Servers, ...]
    children: tuple[Task, ...]
    then: tuple[str, ...]
    env: Mapping[str, str]
    urls: Mapping[str, str] = field(default_factory=dict)
    is_over_then: bool = False

    @property
    def ports(self) -> tuple[int, ...]:
        servers = (step for step in self.steps if isinstance(step, Servers))
        return (self.port, *(port for step in servers for port in step.tasks))


@dataclass(slots=True)
class Child:
    """A program that is started again when it ends, at most once a second."""

    program: Program
    process: Process
    started_at: float
    pause: float = FIRST_PAUSE
    is_announced: bool = False

    def revive(self, installation: Installation, *, now: float) -> None:
        if self.process.is_alive():
            return
        if not self.is_announced:
            self.announce(now=now)
        if now - self.started_at >= self.pause:
            self.process = start(self.program)
            installation.note(self.process)
            self.started_at, self.is_announced = now, False

    def announce(self, *, now: float) -> None:
        lived = now - self.started_at
        self.pause = FIRST_PAUSE if lived > LONGEST_PAUSE else min(self.pause * 2, LONGEST_PAUSE)
        self.is_announced = True
        code = self.process.popen.returncode if self.process.popen else None
        sys.stderr.write(f"{self.program.name} ended (exit code {code}); starting it again.\n")
        sys.stderr.flush()


def serve(installation: Installation, plan: Plan, *, given: Mapping[str, str]) -> int:
    """Do the plan. `given` names databases that are not ours to start.

    :raises Failure: when a step fails or the product does not get ready
    :raises Stopped: when somebody stops it; everything has ended by then
    """
    for port in plan.ports:
        ports.refuse_taken(port)
    installation.urls |= plan.urls
    servers: list[Child] = []
    try:
        with timed("Databases"):
            databases = start_databases(installation, given)
        env = {**environment(installation.home, installation.urls), **plan.env}
        for step in plan.steps:
            with timed(step.name):
                if isinstance(step, Servers):
                    servers += start_servers(installation, step, env)
                else:
                    run_step(installation, step, env)
        with timed("Web server and workers"):
            programs = [program_of(installation, task, env) for task in plan.children]
            children = start_children(installation, programs)
            wait_until_ready(installation, plan, children)
        code = run_command(plan.then, env)
        if plan.is_over_then or code != 0:
            return code
        watch(installation, [*children, *servers, *children_of(installation, databases)])
    finally:
        close(installation)
    return 0


def close(installation: Installation) -> None:
    """Those who use the databases first, then the databases."""
    ignore_signals()
    processes = installation.processes.values()
    end(process for process in processes if process.name not in DATABASES)
    end(process for process in processes if process.name in DATABASES)


@contextmanager
def timed(title: str) -> Iterator[None]:
    """One line: what is being done, then how long it took."""
    began_at = time.monotonic()
    print(f"{title:<36}", end="", flush=True)
    try:
        yield
    except BaseException:
        print(flush=True)
        raise
    print(f"{time.monotonic() - began_at:5.1f} s", flush=True)


def program_of(installation: Installation, task: Task, env: Mapping[str, str]) -> Program:
    log = installation.logs / f"{task.name.lower().replace(' ', '-')}.log"
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    return Program(task.name, task.argv, env=env, cwd=CHECKOUT, log=log)


def run_step(installation: Installation, step: Task, env: Mapping[str, str]) -> None:
    """:raises Failure: with the end of what it said"""
    program = program_of(installation, step, env)
    process = start(program)
    installation.note(process)
    assert process.popen is not None
    code = process.popen.wait()
    del installation.processes[process.name]
    if code != 0:
        raise Failure(f"{step.name} failed (exit code {code}). {said(program)}")


def start_servers(installation: Installation, step: Servers, env: Mapping[str, str]) -> list[Child]:
    """:raises Failure: when one ends before it listens, or they take too long"""
    programs = [program_of(installation, task, env) for task in step.tasks.values()]
    children = start_children(installation, programs)
    deadline = time.monotonic() + READY_SECONDS
    for port, child in zip(step.tasks, children, strict=True):
        while not listens(port):
            if not child.process.is_alive() or time.monotonic() > deadline:
                raise Failure(f"{child.program.name} did not start. {said(child.program)}")
            time.sleep(0.05)
    return children


def listens(port: int) -> bool:
    try:
        socket.create_connection((ports.HOST, port), timeout=2).close()
    except OSError:
        return False
    return True


def said(program: Program) -> str:
    return "It says:\n" + last_lines(program.log) if program.log else ""


def start_children(installation: Installation, programs: Sequence[Program]) -> list[Child]:
    for program in programs:
        installation.note(start(program))
    return children_of(installation, programs)


def children_of(installation: Installation, programs: Sequence[Program]) -> list[Child]:
    now = time.monotonic()
    return [Child(program, installation.processes[program.name], now) for program in programs]


def wait_until_ready(installation: Installation, plan: Plan, children: list[Child]) -> None:
    """:raises Failure: when a child ends before that, or it takes too long"""
    deadline = time.monotonic() + READY_SECONDS
    while not answers(plan.port, plan.ready_path):
        for child in children:
            if not child.process.is_alive():
                raise Failure(f"{child.program.name} did not start. {said(child.program)}")
        if time.monotonic() > deadline:
            logs = installation.logs
            raise Failure(f"{plan.ready_path} did not answer 200 in time. See {logs}.")
        time.sleep(0.1)


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(ports.HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def watch(installation: Installation, children: list[Child]) -> None:
    while True:
        for child in children:
            child.revive(installation, now=time.monotonic())
        time.sleep(0.2)
