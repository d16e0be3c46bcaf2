"""How passwords are kept: tests hash them cheaply, the product does not."""

import subprocess
import sys

from proactive_site import settings as product

MAKE = (
    "from django.contrib.auth.hashers import make_password; print(make_password('correct horse'))"
)


def test_passwords_are_kept_by_argon2id_at_no_less_than_owasp_asks_for():
    """In a process of its own, as tests hash with less."""
    argv = (sys.executable, "manage.py", "shell", "--no-imports", "-c", MAKE)
    made = subprocess.run(argv, cwd=product.BASE_DIR, capture_output=True, text=True, check=True)

    algorithm, variety, _, costs, *_ = made.stdout.strip().split("$")
    found = {name: int(value) for name, value in (cost.split("=") for cost in costs.split(","))}
    assert (algorithm, variety) == ("argon2", "argon2id")
    # OWASP's Password Storage Cheat Sheet: 19 MiB, two rounds, one lane.
    assert found["m"] >= 19_456
    assert found["t"] >= 2
