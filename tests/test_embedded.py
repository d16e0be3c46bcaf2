"""The fresh machine: PostgreSQL, Valkey and the product's processes, on real ones of each.

Every test works on a clone of the supervisor in a folder of its own, with stand-ins for the
product: a web server from the standard library and a worker that may be deaf to SIGTERM.
"""

import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from proactive_site.embedded import credentials, folders, ports, postgres, processes
from tests.needs import leave_out

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGES = Path(sysconfig.get_path("purelib"))
IS_ROOT = os.geteuid() == 0
PRODUCT = '''
import sys
from proactive_site.embedded import product
from proactive_site.embedded.__main__ import main
from proactive_site.embedded.supervisor import Plan, Task

PYTHON = sys.executable
WORKER = """
import os, signal, subprocess, sys, time
if os.environ.get("STUBBORN"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = None if "child" in sys.argv else subprocess.Popen([sys.executable, *sys.argv, "child"])
time.sleep(300)
"""


def plan(home, port):
    (home / "worker.py").write_text(WORKER)
    web = ("-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(home / "log"))
    return Plan(
        port=port,
        ready_path="/",
        steps=(Task("First step", (PYTHON, "-c", "pass")),),
        children=(
            Task("Web", (PYTHON, *web)),
            Task("Worker", (PYTHON, str(home / "worker.py"))),
        ),
        then=(PYTHON, "-c", "print('It serves.')"),
        env={},
        urls=product.addresses(port),
    )


sys.exit(main(sys.argv[1:], server_plan=plan))
'''
WRITE = """
import os, psycopg, socket
from urllib.parse import urlsplit, parse_qs
url = urlsplit(os.environ["DATABASE_URL"])
with psycopg.connect(user="app", dbname="app", host=parse_qs(url.query)["host"][0]) as database:
    database.execute("create table if not exists seen (word text)")
    database.execute("insert into seen values ('whole')")
    print(database.execute("select count(*) from seen").fetchone()[0], end=" ")
with socket.socket(socket.AF_UNIX) as broker:
    broker.connect(os.environ["REDIS_URL"].removeprefix("unix://"))
    broker.sendall(b"INCR seen\\r\\n")
    print(broker.recv(100)[1:].decode().strip())
"""


@dataclass
class Clone:
    """A checkout of its own, and what runs in it."""

    root: Path
    python: str = sys.executable
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.root / ".local"

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """`python -m proactive_site.embedded WORDS`, to its end."""
        process = self.start("-m", "proactive_site.embedded", *words, **env)
        said, errors = process.communicate(timeout=90)
        return subprocess.CompletedProcess(words, process.returncode, said, errors)

    def script(self, code: str, *flags: str, **env: str) -> str:
        """What a Python script says that runs between the databases' start and end."""
        done = self.run("run", *flags, "--", self.python, "-c", code, **env)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, *flags: str) -> int:
        """Add a row and a count; return how many there are of each, which must be the same."""
        rows, count = self.script(WRITE, *flags).split()
        assert rows == count
        return int(rows)

    def serve(self, port: int, **env: str) -> subprocess.Popen[str]:
        """The server verb on the stand-in product; returns when it serves."""
        process = self.start("product.py", "server", "--port", str(port), **env)
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "It serves." in line:
                return process
        process.wait(5)
        assert process.stderr is not None
        raise AssertionError("".join(said) + process.stderr.read())

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [self.python, *words],
            cwd=self.root,
            env={"PATH": os.environ["PATH"], **self.env, **env},
            user=self.user,
            extra_groups=None if self.user is None else (),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def record(self) -> dict[str, object]:
        record: dict[str, object] = json.loads((self.home / "running.json").read_text())
        return record

    def pids(self) -> dict[str, int]:
        listed = self.record()["processes"]
        assert isinstance(listed, list)
        return {facts["name"]: facts["pid"] for facts in listed}

    def stop(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        self.started.clear()

    def remove(self) -> None:
        self.stop()
        if IS_ROOT:
            data = folders.data_folder(checkout=self.root, home=self.home)
            shutil.rmtree(data.parent)
        shutil.rmtree(self.root)


@pytest.fixture(scope="module")
def make_clone() -> Iterator[Callable[..., Clone]]:
    made: list[Clone] = []

    def make(parent: Path | None = None, **facts: object) -> Clone:
        root = Path(tempfile.mkdtemp(prefix="clone-", dir=parent))
        root.chmod(0o755)
        here = "proactive_site/embedded"
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / here, root / here, ignore=ignore)
        (root / "proactive_site/__init__.py").touch()
        (root / "product.py").write_text(PRODUCT)
        made.append(Clone(root, **facts))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for clone in made:
        clone.remove()


@pytest.fixture(scope="module")
def shared(make_clone: Callable[..., Clone]) -> Clone:
    return make_clone()


@pytest.fixture
def clone(shared: Clone) -> Iterator[Clone]:
    """A clone with whatever data the tests before left; nothing runs in it."""
    yield shared
    shared.stop()


@pytest.fixture
def fresh(make_clone: Callable[..., Clone]) -> Clone:
    return make_clone()


@pytest.fixture
def port() -> int:
    return ports.free_port()


def wait_for(is_so: Callable[[], bool], *, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def living_members(pgid: int) -> list[int]:
    """Of a process group, zombies left out."""
    members = []
    for pid in (int(folder.name) for folder in Path("/proc").glob("[0-9]*")):
        try:
            if os.getpgid(pid) == pgid and processes.began(pid):
                members.append(pid)
        except ProcessLookupError:
            continue
    return members


# Left out on macOS, where the product runs as well; CI is Linux, and so is every production.
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


# What is kept and what is not


def test_data_survives_a_restart(clone: Clone) -> None:
    before = clone.write()

    assert clone.write() == before + 1


def test_throwaway_starts_empty_and_leaves_no_folder(fresh: Clone) -> None:
    where = "import os; print(os.environ['PROACTIVE_DATA_DIR'])"

    rows, _, home = fresh.script(f"{WRITE}\n{where}", "--throwaway").split()

    assert (rows, fresh.write("--throwaway")) == ("1", 1)
    assert not Path(home).exists()
    assert not fresh.home.exists()


def test_secrets_are_made_once_and_readable_by_their_owner_only(clone: Clone) -> None:
    show = f"import os; print([os.environ[name] for name in {list(credentials.MAKERS)}])"

    first, second = clone.script(show), clone.script(show)

    assert first == second
    assert (clone.home / "secrets.env").stat().st_mode & 0o777 == 0o600
    assert clone.home.stat().st_mode & 0o777 == 0o700


def test_secret_that_a_newer_version_adds_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    path.write_text("SECRET_KEY=kept=\n")

    known = credentials.load(path)

    assert known["SECRET_KEY"] == "kept="
    assert set(known) == set(credentials.MAKERS)
    assert credentials.load(path) == known


def test_two_clones_never_share_anything(clone: Clone, fresh: Clone) -> None:
    before = clone.write()
    show = "import os; print(os.environ['SECRET_KEY'], os.environ['DATABASE_URL'])"

    assert (fresh.write(), clone.write()) == (1, before + 1)
    assert not set(clone.script(show).split()) & set(fresh.script(show).split())


def test_data_of_a_clone_that_was_deleted_is_put_aside_not_taken_over(fresh: Clone) -> None:
    if not IS_ROOT:
        leave_out("NOT ROOT: only root keeps data outside the checkout.")
    fresh.write()
    data = Path((fresh.home / "postgres.path").read_text().strip())
    shutil.rmtree(fresh.home)

    done = fresh.run("run", "--", fresh.python, "-c", WRITE)

    assert done.stdout.strip() == "1 1"
    aside = re.search(r"put aside: (\S+)", done.stderr)
    assert aside is not None
    assert (Path(aside[1]).parent, Path(aside[1]).exists()) == (data.parent, True)


# Whose machine it is


def test_postgresql_runs_as_an_ordinary_user(make_clone: Callable[..., Clone]) -> None:
    clone = make_clone(**as_ordinary_user())
    if clone.user is not None:
        shutil.chown(clone.root, clone.user)

    assert [clone.write(), clone.write()] == [1, 2]
    assert (clone.home / "postgres/PG_VERSION").exists()


def as_ordinary_user() -> dict[str, object]:
    """How to run as somebody who is not root: as we are, or as nobody with a reachable Python."""
    if not IS_ROOT:
        return {}
    nobody = pwd.getpwnam("nobody")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for name in (sys.executable, shutil.which(version, path="/usr/local/bin:/usr/bin")):
        real = Path(name or "/nowhere").resolve()
        if real.exists() and folders.is_reachable(real, by=nobody):
            env = {"PYTHONPATH": str(PACKAGES), "PYTHONDONTWRITEBYTECODE": "1"}
            if folders.is_reachable(PACKAGES, by=nobody):
                return {"python": str(real), "env": env, "user": "nobody"}
    message = "NOT TESTED AS AN ORDINARY USER: nobody can reach neither Python nor the packages"
    leave_out(message)


def test_root_lends_postgresql_to_nobody_who_reaches_neither_checkout_nor_wheel(
    make_clone: Callable[..., Clone], tmp_path: Path
) -> None:
    if not IS_ROOT:
        leave_out("NOT ROOT: only root runs PostgreSQL as somebody else.")
    out_of_reach = tmp_path / "private"
    out_of_reach.mkdir(mode=0o700)
    copy_wheel(out_of_reach / "packages")
    clone = make_clone(out_of_reach, env={"PYTHONPATH": str(out_of_reach / "packages")})
    before = modes_of(out_of_reach, tmp_path, tmp_path.parent, out_of_reach / "packages")
    copies = set(folders.SYSTEM_FOLDER.glob(f"{postgres.WHEEL}-*"))

    owner = "import os, pathlib; p = pathlib.Path(os.environ['PROACTIVE_DATA_DIR']) / 'data'"
    said = clone.script(f"{WRITE}\n{owner}; print(p.owner())", "--throwaway")

    assert said.split() == ["1", "1", "nobody"]
    assert modes_of(*before) == before
    for copy in set(folders.SYSTEM_FOLDER.glob(f"{postgres.WHEEL}-*")) - copies:
        shutil.rmtree(copy)


def copy_wheel(packages: Path) -> None:
    packages.mkdir(mode=0o700)
    for found in PACKAGES.glob(f"{postgres.WHEEL}*"):
        ignore = shutil.ignore_patterns("include", "pginstall")
        shutil.copytree(found, packages / found.name, ignore=ignore)


def modes_of(*paths: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_mode, path.stat().st_uid) for path in paths}


def test_socket_paths_stay_short_under_a_long_temporary_directory(
    clone: Clone, tmp_path: Path
) -> None:
    long = tmp_path / ("long" * 25)
    long.mkdir()
    show = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"

    database, broker = clone.script(show, TMPDIR=str(long)).split()

    socket_of_database = database.partition("host=")[2] + "/.s.PGSQL.5432"
    assert max(len(socket_of_database), len(broker.removeprefix("unix://"))) <= 107
    assert list(long.iterdir()) == []


def test_databases_that_the_environment_names_are_not_started(clone: Clone) -> None:
    given = {
        "DATABASE_URL": "postgres://db.example/app",
        "REDIS_URL": "redis://one.example",
        "CELERY_BROKER_URL": "redis://two.example",
    }
    show = f"""import json, os, pathlib
print([os.environ[name] for name in {list(given)}])
record = pathlib.Path(os.environ["PROACTIVE_DATA_DIR"], "running.json").read_text()
print([facts["name"] for facts in json.loads(record)["processes"]])"""

    assert clone.script(show, **given).splitlines() == [str(list(given.values())), "[]"]
    only_database = clone.script(show, DATABASE_URL=given["DATABASE_URL"]).splitlines()
    assert only_database[1] == "['Valkey']"


# Commands


def test_run_hands_on_the_exit_code_of_its_command(clone: Clone) -> None:
    assert clone.run("run", "--", "sh", "-c", "exit 7").returncode == 7


def test_run_names_a_command_that_does_not_exist(clone: Clone) -> None:
    done = clone.run("run", "--", "no-such-command")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "no-such-command can't be run: No such file or directory.\n"


def test_run_joins_the_databases_of_a_running_server(clone: Clone, port: int) -> None:
    before = clone.write()
    clone.serve(port)

    assert clone.write() == before + 1
    told = clone.script("import os; print(os.environ['PUBLIC_URL'])")
    assert told == f"http://127.0.0.1:{port}"


# The server, from start to end


def test_taken_port_is_named_with_the_process_that_holds_it(clone: Clone) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = holder.getsockname()[1]
        done = clone.run("server", "--port", str(taken))

    assert done.returncode == 1
    assert re.match(rf"Port {taken} is taken by process {os.getpid()} \(", done.stderr)


def port_after_a_free_one() -> int:
    """Other tests run beside this one, and take ports of the system's choice."""
    while True:
        port = ports.free_port() + 1
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def test_taken_port_of_a_stub_is_named_before_anything_is_started(clone: Clone) -> None:
    taken = port_after_a_free_one()
    with socket.create_server(("127.0.0.1", taken)):
        done = clone.run("server", "--providers", "--port", str(taken - 1))

    assert done.returncode == 1
    assert re.match(rf"Port {taken} is taken by process {os.getpid()} \(", done.stderr)
    assert done.stdout == ""


def test_ports_that_there_are_not_are_named_in_one_line(clone: Clone) -> None:
    beyond = clone.run("server", "--providers", "--port", "65534")
    none = clone.run("run", "true", PORT="eighty")

    assert beyond.stderr == "There is no port 65536. Choose a lower one with --port.\n"
    assert none.stderr == "'eighty' is not a port\n"
    assert (beyond.returncode, none.returncode) == (1, 1)


def test_second_server_of_a_checkout_is_refused(clone: Clone, port: int) -> None:
    first = clone.serve(port)

    done = clone.run("server", "--port", str(ports.free_port()))

    assert done.returncode == 1
    assert done.stderr == f"{clone.home} is in use by process {first.pid}. Stop it first.\n"


@linux
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_stopped_server_leaves_no_process_after_three_seconds(
    clone: Clone, port: int, signum: signal.Signals
) -> None:
    server = clone.serve(port, STUBBORN="yes")
    groups = clone.pids()
    assert len(living_members(groups["Worker"])) == 2
    sockets = Path(str(clone.record()["sockets"]))

    asked_at = time.monotonic()
    server.send_signal(signum)
    code = server.wait(10)

    assert time.monotonic() - asked_at < 3.0
    assert code == 128 + signum
    assert set(groups) == {"PostgreSQL", "Valkey", "Web", "Worker"}
    assert [pid for group in groups.values() for pid in living_members(group)] == []
    assert not sockets.exists()
    assert not (clone.home / "running.json").exists()


@linux
def test_killed_supervisor_is_followed_by_one_that_clears_up_and_has_the_data_whole(
    clone: Clone, port: int
) -> None:
    server = clone.serve(port, STUBBORN="yes")
    before = clone.write()
    groups = clone.pids()
    sockets = Path(str(clone.record()["sockets"]))
    server.kill()
    server.wait(5)
    assert wait_for(lambda: not living_members(groups["PostgreSQL"]))
    assert len(living_members(groups["Worker"])) == 2

    clone.serve(port)

    assert [pid for group in groups.values() for pid in living_members(group)] == []
    assert clone.write() == before + 1
    assert not sockets.exists()


@linux
def test_child_that_dies_is_started_again_and_named(clone: Clone, port: int) -> None:
    before = clone.write()
    server = clone.serve(port)
    names = {"Web", "PostgreSQL", "Valkey"}
    killed = {name: pid for name, pid in clone.pids().items() if name in names}

    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)

    assert wait_for(lambda: not set(clone.pids().values()) & set(killed.values()))
    assert wait_for(lambda: clone.run("run", "--", clone.python, "-c", WRITE).returncode == 0)
    assert clone.write() > before + 1
    server.send_signal(signal.SIGINT)
    told = server.communicate()[1].splitlines()
    assert {f"{name} ended (exit code -9); starting it again." for name in names} <= set(told)


@linux
def test_next_throwaway_removes_what_a_killed_one_left(clone: Clone) -> None:
    show = "import os, time; print(os.environ['PROACTIVE_DATA_DIR'], flush=True); time.sleep(60)"
    words = ("-m", "proactive_site.embedded", "run", "--throwaway", "--")
    first = clone.start(*words, clone.python, "-c", show)
    assert first.stdout is not None
    home = Path(first.stdout.readline().strip())
    first.kill()
    first.wait(5)
    assert home.exists()

    assert clone.write("--throwaway") == 1
    assert not home.exists()


def test_product_that_does_not_start_is_named_with_its_last_words(clone: Clone, port: int) -> None:
    broken = PRODUCT.replace('str(home / "worker.py")', '"-c", "import nothing"')
    (clone.root / "broken.py").write_text(broken.replace('ready_path="/"', 'ready_path="/no"'))

    process = clone.start("broken.py", "server", "--port", str(port))
    errors = process.communicate(timeout=60)[1]

    assert process.returncode == 1
    assert errors.startswith("Worker did not start. It says:\n")
    assert errors.endswith("ModuleNotFoundError: No module named 'nothing'\n")
