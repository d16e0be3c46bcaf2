"""PostgreSQL and Valkey of an installation, unless the environment names others."""

import os
from collections.abc import Mapping

from proactive_site.embedded import credentials, postgres, valkey
from proactive_site.embedded.installation import Installation
from proactive_site.embedded.processes import Program, start

OWN = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")


def start_databases(
    installation: Installation, given: Mapping[str, str] | None = None
) -> tuple[Program, ...]:
    """Start what `given` (the environment) does not name, both at once; wait until both answer.

    Afterwards `installation.urls` says where they are.

    :raises Failure: when one does not start
    """
    given = os.environ if given is None else given
    programs: list[Program] = []
    waits = []
    if not given.get("DATABASE_URL"):
        program, url = postgres.prepare(installation)
        installation.urls["DATABASE_URL"] = url
        database = start(program)
        installation.note(database)
        programs.append(program)
        waits.append(lambda: postgres.wait_until_ready(installation, database))
    if not (given.get("REDIS_URL") and given.get("CELERY_BROKER_URL")):
        program, path = valkey.prepare(installation)
        urls = {"REDIS_URL": f"unix://{path}", "CELERY_BROKER_URL": f"redis+socket://{path}"}
        installation.urls |= {name: url for name, url in urls.items() if not given.get(name)}
        broker = start(program)
        installation.note(broker)
        programs.append(program)
        waits.append(lambda: valkey.wait_until_ready(installation, broker, path))
    for wait in waits:
        wait()
    return tuple(programs)


def environment(installation: Installation, urls: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment with what is missing from it; what the caller set stands."""
    return {
        **credentials.load(installation.home / "secrets.env"),
        **os.environ,
        **urls,
        "PROACTIVE_DATA_DIR": str(installation.home),
    }
