"""Time that passes without anybody waiting: the database's clock, which delivery goes by, is put
forward until the test's transaction ends."""

from datetime import datetime

from django.db import connection

# Found before PostgreSQL's own, which is asked by its full name.
_CLOCK = """
CREATE SCHEMA IF NOT EXISTS later;
CREATE OR REPLACE FUNCTION later.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT pg_catalog.statement_timestamp() + current_setting('later.by')::interval $$;
SET LOCAL search_path = later, pg_catalog, public;
SET LOCAL later.by = '0';
"""


def pass_time(seconds: float) -> datetime:
    """Put the clock forward, and tell what it shows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('later.by', true)")
        (passed,) = cursor.fetchone()
        if not passed:
            cursor.execute(_CLOCK)
        by = float((passed or "0").split()[0]) + seconds
        cursor.execute(f"SET LOCAL later.by = '{by} seconds'")
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
