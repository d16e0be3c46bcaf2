"""Prepare a database and a folder, then measure: `script/bench` calls this on a throw-away one."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.processes import CHECKOUT, MANAGE
from bench.stub import CERTIFICATES, make_certificates
from proactive_site.embedded.ports import HOST

PEERS = CHECKOUT / ".local" / "bench" / "peers"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="some minutes; the default")
    size.add_argument("--full", action="store_true", help="about a quarter of an hour")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="one goal")
    given = parser.parse_args()
    if not os.environ.get("DATABASE_URL"):
        parser.error("it fills its databases with made-up brands: call it by script/bench.")
    with tempfile.TemporaryDirectory(prefix="proactive-bench-") as name:
        folder = Path(name)
        make_certificates(folder)
        env = environment(folder)
        migrate = subprocess.run(
            [*MANAGE, "migrate", "--no-input", "--verbosity", "0"],
            env=env,
            cwd=CHECKOUT,
            check=False,
        )
        if migrate.returncode:
            return migrate.returncode
        only = [word for goal in given.only for word in ("--only", goal)]
        options = ["--full" if given.full else "--quick", "--folder", name, *only]
        return subprocess.run(
            [*MANAGE, "measure", *options], env=env, cwd=CHECKOUT, check=False
        ).returncode


def environment(folder: Path) -> dict[str, str]:
    """The product's production settings on loopback; only the stub may be called."""
    path = [str(PEERS), str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "DEBUG": "false",
        "INSECURE_HTTP": "true",
        "LAB": "off",
        "ALLOWED_HOSTS": HOST,
        "WEB_HOST": HOST,
        "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
        "EGRESS_CA_FILE": str(folder / CERTIFICATES.authority),
    }


if __name__ == "__main__":
    sys.exit(main())
