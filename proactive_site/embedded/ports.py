"""Ports: which are free, and who holds one that is not."""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from proactive_site.embedded.folders import Failure

HOST = "127.0.0.1"
HIGHEST = 65535
LISTENING = "0A"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def refuse_taken(port: int) -> None:
    """:raises Failure: naming the process that listens there, or why the port can't be had"""
    if port > HIGHEST:
        raise Failure(f"There is no port {port}. Choose a lower one with --port.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise Failure(f"Port {port} can't be used: {error.strerror}.") from error
            raise Failure(
                f"Port {port} is taken by {holder(port)}. Stop it, or choose another with --port."
            ) from error


def holder(port: int) -> str:
    """For people: the process's id and the start of its command line."""
    pid = holder_on_linux(port) if sys.platform == "linux" else holder_by_lsof(port)
    if pid is None:
        return "a process that can't be seen from here"
    return f"process {pid} ({command_line(pid)[:80]})"


def holder_on_linux(port: int) -> int | None:
    inodes = set(listening_inodes(port))
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target in inodes:
            return int(link.parts[2])
    return None


def listening_inodes(port: int) -> Iterator[str]:
    """/proc/net/tcp: 2nd column address:port in hexadecimal, 4th state, 10th inode."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not os.path.exists(table):
            continue
        for line in Path(table).read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                yield f"socket:[{columns[9]}]"


def holder_by_lsof(port: int) -> int | None:
    found = subprocess.run(
        ["lsof", "-nP", "-t", f"-iTCP:{port}", "-sTCP:LISTEN"],
        capture_output=True,
        text=True,
        check=False,
    )
    return int(found.stdout.split()[0]) if found.stdout.split() else None


def command_line(pid: int) -> str:
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
        except OSError:
            return "gone"
    listed = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip()
