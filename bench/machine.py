"""What a run is made on, and the CPU seconds that processes have taken. Linux tells; others: 0."""

import os
import platform
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from django.db import connection

TICKS = os.sysconf("SC_CLK_TCK")


def describe() -> dict[str, str | int | float]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (database,) = cursor.fetchone()
        cursor.execute("SHOW fsync")
        (fsync,) = cursor.fetchone()
    return {
        "cores": os.cpu_count() or 0,
        "processor": _field("/proc/cpuinfo", "model name"),
        "memory": _field("/proc/meminfo", "MemTotal"),
        "python": platform.python_version(),
        "postgresql": database,
        "fsync": fsync,
        "flush_ms": round(1000 * median(_flush() for _ in range(25)), 3),
    }


def _flush() -> float:
    """Seconds until 8 kB are on the disk that throw-away databases live on."""
    with tempfile.TemporaryFile() as file:
        file.write(bytes(8192))
        file.flush()
        began = time.monotonic()
        os.fsync(file.fileno())
        return time.monotonic() - began


def _field(path: str, name: str) -> str:
    try:
        lines = Path(path).read_text().splitlines()
    except FileNotFoundError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def cpu_seconds(pids: Iterable[int]) -> float:
    """Of these processes and all below them, those that have ended included."""
    table = _processes()
    todo, ticks = list(pids), 0
    while todo:
        pid = todo.pop()
        if pid in table:
            ticks += table[pid][1]
            todo += [child for child, (parent, _) in table.items() if parent == pid]
    return ticks / TICKS


def _processes() -> dict[int, tuple[int, int]]:
    """By id: the parent, and the ticks of the process and its children that were waited for."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[int(stat.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])))
    return found


def database_server() -> list[int]:
    """The id of PostgreSQL's first process, where it runs on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    table = _processes()
    return [table[backend][0]] if backend in table else []
