"""D8: what the product's processes ask of their connections to the database."""

import os
import socket

import pytest
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn


def test_a_server_that_vanished_is_found_out_within_a_minute():
    """Whether a process waits for an answer, or for its question to arrive."""
    options = settings.DATABASES["default"]["OPTIONS"]
    asked = {name: options[name] for name in options if name.startswith(("keepalives", "tcp"))}
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        connection = PGconn.connect_start(
            make_conninfo(host="127.0.0.1", port=port, **asked).encode()
        )
        with socket.socket(fileno=os.dup(connection.socket)) as sock:
            names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            idle, interval, count = (sock.getsockopt(socket.IPPROTO_TCP, name) for name in names)
            unanswered = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        connection.finish()

    assert idle + interval * count <= 60
    assert 0 < unanswered <= 60_000


@pytest.mark.django_db
def test_a_host_that_vanished_holds_its_locks_for_a_minute_at_most():
    """Else whoever delivers would wait for the consumers whom it was about to push to."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("1min",)
