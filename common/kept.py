"""Which of the connections that an HTTP/1.1 server let us keep have been closed by it since."""

import os
import select
from contextlib import suppress
from time import monotonic

# libcurl looks at each kept connection once a second, and lets go of those that are closed.
FORGET_SECONDS = 3.0


class KeptSockets:
    """The sockets of a pool that no call uses.

    libcurl takes a connection that it has looked at within the last second without another look.
    A request on one that was closed since is lost, and nobody can say whether it was read.
    """

    def __init__(self) -> None:
        self._poll = select.poll()
        # With the inode, as the number may be another file's once libcurl has closed the socket.
        self._kept: dict[int, int] = {}
        # When each of them was first seen to be closed.
        self._closed: dict[int, float] = {}

    def keep(self, fd: int) -> None:
        """No call uses it any more."""
        with suppress(OSError):
            self._kept[fd] = os.fstat(fd).st_ino
            self._poll.register(fd, select.POLLIN)

    def use(self, fd: int) -> None:
        """A call uses it, or it is closed here as well."""
        if self._kept.pop(fd, None) is not None:
            self._poll.unregister(fd)
            self._closed.pop(fd, None)

    def is_any_closed(self) -> bool:
        """Whether a call that is given a kept connection may meet a closed one."""
        if self._kept:
            now = monotonic()
            # A server that says anything without being asked says goodbye.
            for fd, _ in self._poll.poll(0):
                since = self._closed.setdefault(fd, now)
                if now - since > FORGET_SECONDS or not self._is_same(fd):
                    self.use(fd)
        return bool(self._closed)

    def _is_same(self, fd: int) -> bool:
        with suppress(OSError):
            return os.fstat(fd).st_ino == self._kept[fd]
        return False
