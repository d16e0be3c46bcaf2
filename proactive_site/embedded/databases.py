"""PostgreSQL and Valkey of an installation, unless the environment names others."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from proactive_site.embedded import credentials, postgres, valkey
from proactive_site.embedded.installation import Installation
from proactive_site.embedded.processes import Program, start

DATABASES = frozenset({"PostgreSQL", "Valkey"})


def start_databases(installation: Installation, given: Mapping[str, str]) -> tuple[Program, ...]:
    """Start what `given` (an environment) does not name, both at once; wait until both answer.

    Afterwards `installation.urls` says where they are.

    :raises Failure: when one does not start
    """
    programs: list[Program] = []
    waits: list[Callable[[], None]] = []
    if not given.get("DATABASE_URL"):
        program, url = postgres.prepare(installation)
        installation.urls["DATABASE_URL"] = url
        database = start(program)
        installation.note(database)
        programs.append(program)
        waits.append(partial(postgres.wait_until_ready, installation, database))
    if not (given.get("REDIS_URL") and given.get("CELERY_BROKER_URL")):
        program, path = valkey.prepare(installation)
        urls = {"REDIS_URL": f"unix://{path}", "CELERY_BROKER_URL": f"redis+socket://{path}"}
        installation.urls |= {name: url for name, url in urls.items() if not given.get(name)}
        broker = start(program)
        installation.note(broker)
        programs.append(program)
        waits.append(partial(valkey.wait_until_ready, installation, broker, path))
    for wait in waits:
        wait()
    return tuple(programs)


def environment(home: Path, urls: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment with what is missing from it; what the caller set stands."""
    return {
        **credentials.load(home / "secrets.env"),
        **os.environ,
        **urls,
        "PROACTIVE_DATA_DIR": str(home),
    }
