"""Checks the promises of delivery against what is stored, and against a provider's own log."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from campaigns.invariants import check_log, check_store


class Command(BaseCommand):
    help = "Check the invariants I1 to I9 of the delivery ledger; exits 1 when one does not hold."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--provider-log",
            type=Path,
            help='JSON lines of a provider: {"message": uuid, "token": text, …}.',
        )

    def handle(self, *args: Any, **options: Any) -> None:
        violations = check_store(now=timezone.now())
        if options["provider_log"]:
            violations += check_log(_read(options["provider_log"]))
        for violation in violations:
            self.stderr.write(str(violation))
        if violations:
            raise CommandError(f"{len(violations)} violations.")
        self.stdout.write("Every invariant holds.")


def _read(path: Path) -> list[Any]:
    """:raises CommandError: it cannot be read, or a line is not JSON."""
    try:
        return [json.loads(line) for line in path.read_text().splitlines()]
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise CommandError(f"{path} is not JSON, line by line: {error}.") from error
