"""Folders and files of ours: made with the modes they need, never changed when they are others'."""

import hashlib
import os
import pwd
import stat
import tempfile
from pathlib import Path

# Linux takes 107 bytes for the path of a Unix socket, macOS 103; PostgreSQL's is the longest.
SOCKET_PATH_BYTES = 103
LONGEST_SOCKET = "postgres/.s.PGSQL.5432"
SYSTEM_FOLDER = Path("/var/lib/proactive")


class Failure(Exception):
    """Says to a person, in whole sentences, why the supervisor stops."""


def postgres_owner() -> pwd.struct_passwd | None:
    """Who runs PostgreSQL: it refuses root, so that root lends it to nobody."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def data_folder(*, checkout: Path, home: Path) -> Path:
    """Where PostgreSQL's data lives; root's checkout may be out of nobody's reach."""
    if postgres_owner() is None:
        return home / "postgres"
    make_folder(SYSTEM_FOLDER, mode=0o755)
    clone = hashlib.sha256(os.fsencode(checkout)).hexdigest()[:16]
    return make_folder(SYSTEM_FOLDER / clone, mode=0o755) / "data"


def make_folder(path: Path, *, mode: int = 0o700, owner: pwd.struct_passwd | None = None) -> Path:
    """Make it if there is none, whatever the umask says; one that exists stays as it is."""
    try:
        path.mkdir()
    except FileExistsError:
        return path
    path.chmod(mode)
    if owner is not None:
        os.chown(path, owner.pw_uid, owner.pw_gid)
    return path


def make_short_folder() -> Path:
    """A new folder under the temporary directory, short enough for sockets, open to PostgreSQL.

    :raises Failure: when no temporary directory will do
    """
    for parent in (Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp")):
        longest = os.fsencode(parent / "proactive-12345678" / LONGEST_SOCKET)
        is_short = len(longest) <= SOCKET_PATH_BYTES
        if is_short and parent.is_dir() and is_reachable(parent, by=postgres_owner()):
            folder = Path(tempfile.mkdtemp(prefix="proactive-", dir=parent))
            folder.chmod(0o700 if postgres_owner() is None else 0o711)
            return folder
    raise Failure("No temporary directory is short enough for sockets. Set TMPDIR=/tmp.")


def is_reachable(path: Path, *, by: pwd.struct_passwd | None) -> bool:
    """May somebody who owns none of it read this file or pass through this folder?"""
    if by is None:
        return os.access(path, os.X_OK)
    open_to_all = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
    return open_to_all and bool(path.stat().st_mode & stat.S_IXOTH)


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; at no moment can others read it."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def last_lines(path: Path, count: int = 15) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""
