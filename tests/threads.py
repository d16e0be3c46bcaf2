"""Calls on threads with connections of their own: together, or beside what the test does."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from tests.live import wait_for

Call = Callable[[], Any]


def at_once(*calls: Call) -> list[Any]:
    """Start all calls together; their results or exceptions, in order."""
    outcomes: list[Any] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(position: int, call: Call) -> None:
        try:
            start.wait(timeout=20)
            outcomes[position] = call()
        except Exception as error:
            outcomes[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=90)
    assert not any(thread.is_alive() for thread in threads)
    return outcomes


class Worker:
    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.thread: threading.Thread | None = None

    def start(self, call: Call) -> None:
        def run() -> None:
            try:
                call()
            except Exception as error:
                self.errors.append(error)
            finally:
                connection.close()

        self.thread = threading.Thread(target=run)
        self.thread.start()


@contextmanager
def other_worker() -> Iterator[Worker]:
    """Leaving the block waits for what was started in it; nothing may have gone wrong there."""
    worker = Worker()
    try:
        yield worker
    finally:
        if worker.thread is not None:
            worker.thread.join(timeout=30)
    assert worker.thread is not None
    assert not worker.thread.is_alive()
    assert worker.errors == []


def wait_for_a_lock() -> None:
    """Until somebody waits for one. Unlike pg_stat_activity, pg_locks is read afresh each time."""

    def is_awaited() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            (count,) = cursor.fetchone()
        return bool(count)

    wait_for(is_awaited, seconds=20, what="a lock that is awaited")
