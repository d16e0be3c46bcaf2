"""What gunicorn is told: how phones that went away are noticed, how many live views fit."""

import importlib
import runpy
import shutil
import socket
from types import SimpleNamespace

import pytest

from proactive_site import gunicorn
from tests.needs import leave_out


@pytest.mark.parametrize(
    ("threads", "streams"), [("300", 270), ("16", 14), ("10", 9), ("2", 1), ("1", 1)]
)
def test_one_thread_in_ten_is_kept_from_live_views(monkeypatch, threads, streams):
    with monkeypatch.context() as environment:
        environment.delenv("LIVE_STREAMS", raising=False)
        environment.setenv("WEB_THREADS", threads)
        told = importlib.reload(gunicorn).raw_env
    importlib.reload(gunicorn)

    assert f"LIVE_STREAMS={streams}" in told


def test_what_the_env_file_says_counts_for_the_web_server_too(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("DB_POOL_SIZE=32\nDB_STATEMENT_TIMEOUT=60\nWEB_THREADS=40\n")
    (tmp_path / "proactive_site").mkdir()
    copy = shutil.copy(gunicorn.__file__, tmp_path / "proactive_site")
    for name in ("DB_POOL_SIZE", "DB_STATEMENT_TIMEOUT", "WEB_THREADS", "LIVE_STREAMS"):
        # Set first, so that what the file brings is taken back as well.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)

    told = runpy.run_path(copy)

    assert told["threads"] == 40
    assert told["raw_env"] == ["DB_STATEMENT_TIMEOUT=60", "DB_POOL_SIZE=32", "LIVE_STREAMS=36"]


def test_caller_who_takes_nothing_for_40_seconds_is_gone():
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        leave_out("NO TCP_USER_TIMEOUT: Linux alone ends a dead connection early.")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gunicorn.when_ready(SimpleNamespace(LISTENERS=[SimpleNamespace(sock=listener)]))
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                patience = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert patience == 40_000
