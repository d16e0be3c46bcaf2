"""The web server: threads, one port, no socket of its own for control. Read by gunicorn."""

import os
import socket
from pathlib import Path
from typing import Any

import environ
from prometheus_client import multiprocess

# As the settings do. What is told to the processes below goes before the file, so it must not be
# told without having looked there.
environ.Env.read_env(Path(__file__).resolve().parent.parent / ".env", overwrite=False)

bind = f"{os.environ.get('WEB_HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
# Loaded once, then forked: a start costs half as much, and processes share what they only read.
preload_app = True
# Each open live view holds a thread; threads are made as they are needed.
threads = int(os.environ.get("WEB_THREADS", "300"))
# A live view never ends by itself; whoever reads it connects again.
graceful_timeout = int(os.environ.get("WEB_GRACEFUL_TIMEOUT", "1"))
keepalive = 15
raw_env = [
    # What a caller is let wait for the database, before 503.
    f"DB_STATEMENT_TIMEOUT={os.environ.get('DB_STATEMENT_TIMEOUT', '15')}",
    # Threads share connections: one for each would be more than PostgreSQL has.
    f"DB_POOL_SIZE={os.environ.get('DB_POOL_SIZE', '16')}",
    # One thread in ten answers what is no live view, however many of those are asked for.
    f"LIVE_STREAMS={os.environ.get('LIVE_STREAMS', max(1, threads * 9 // 10))}",
]
# The product logs its requests itself, without query strings.
accesslog = None
control_socket_disable = True


# A phone that lost its network says nothing; by itself TCP would hold its live view for a quarter
# of an hour. In milliseconds, from when it last took what was sent.
PHONE_IS_GONE = 40_000


def when_ready(server: Any) -> None:
    """Of Linux alone; who is accepted inherits it."""
    for listener in server.LISTENERS:
        if hasattr(socket, "TCP_USER_TIMEOUT") and listener.sock.family != socket.AF_UNIX:
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, PHONE_IS_GONE)


def child_exit(server: Any, worker: Any) -> None:
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
