"""Connections that died with their server are replaced all at once.

The pool's own check looks at one after the other, with ever longer pauses: after a restart of the
server a caller would wait in vain for as many as it holds.
"""

from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection: Any = super().get_new_connection(conn_params)
        pool = self.pool
        if pool is None or _is_alive(pool, connection):
            return connection
        pool.putconn(connection)
        pool.drain()
        return super().get_new_connection(conn_params)


def _is_alive(pool: Any, connection: Any) -> bool:
    try:
        pool.check_connection(connection)
    except psycopg.Error:
        return False
    return True
