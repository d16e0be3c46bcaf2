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
            lines = options["provider_log"].read_text().splitlines()
            violations += check_log([json.loads(line) for line in lines])
        for violation in violations:
            self.stderr.write(str(violation))
        if violations:
            raise CommandError(f"{len(violations)} violations.")
        self.stdout.write("Every invariant holds.")
