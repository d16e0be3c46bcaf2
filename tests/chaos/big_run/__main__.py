"""What `script/chaos` calls: send to many while everything that can be killed is killed."""

import argparse
import os
import sys
import time
from random import Random

import django

from proactive_site.embedded.foreground import Stopped, listen_for_signals
from proactive_site.embedded.installation import Installation, thrown_away
from proactive_site.embedded.supervisor import close
from tests.chaos.big_run.faults import Faults
from tests.chaos.big_run.stage import Stage

IN_FLIGHT = 100
FLUSH = 100


def main() -> int:
    given = _parse()
    listen_for_signals()
    try:
        with thrown_away(is_durable=True) as installation:
            try:
                return _run(installation, given)
            finally:
                close(installation)
    except Stopped as stopped:
        return stopped.exit_code


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/chaos", description=__doc__)
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--workers-killed", type=int, default=22)
    parser.add_argument("--valkey-killed", type=int, default=6)
    parser.add_argument("--postgres-crashed", type=int, default=4)
    parser.add_argument("--lease", type=float, default=6.0, help="seconds; production has 30")
    parser.add_argument("--timeout", type=float, default=2.0, help="seconds; production has 10")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--patience", type=float, default=600.0, help="seconds until it gives up")
    return parser.parse_args()


def _run(installation: Installation, given: argparse.Namespace) -> int:
    stage = Stage(installation, _shrunk(given))
    print(
        f"{given.recipients:,} recipients; lease {given.lease:g} s, timeout {given.timeout:g} s;"
        f" seed {given.seed}",
        flush=True,
    )
    stage.start_databases()
    stage.run("manage.py", "migrate", "--no-input", "--verbosity", "0")
    os.environ |= stage.env
    django.setup()
    # Models need Django set up.
    from tests.chaos.big_run.scene import perform  # noqa: PLC0415
    from tests.chaos.big_run.vendors import Vendors  # noqa: PLC0415

    vendors = Vendors(stage, given.seed)
    stage.env |= vendors.environment()

    rng = Random(given.seed)
    wanted = {
        "worker": given.workers_killed,
        "Valkey": given.valkey_killed,
        "PostgreSQL": given.postgres_crashed,
    }
    faults = Faults.plan(given.recipients, {k: n for k, n in wanted.items() if n}, rng)
    return perform(stage, vendors, faults, given, batch=IN_FLIGHT + FLUSH)


def _shrunk(given: argparse.Namespace) -> dict[str, str]:
    return {
        "DELIVERY_LEASE": str(given.lease),
        "DELIVERY_CONNECT_TIMEOUT": str(given.timeout),
        "DELIVERY_TOTAL_TIMEOUT": str(given.timeout),
        "DELIVERY_IN_FLIGHT": str(IN_FLIGHT),
        "SWEEP_INTERVAL": "0.5",
        "SWEEP_OVERDUE": "1",
    }


if __name__ == "__main__":
    sys.exit(main())
