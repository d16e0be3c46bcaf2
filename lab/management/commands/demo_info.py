from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lab.brand import Secrets, SecretsMissing, address
from lab.instructions import instructions


class Command(BaseCommand):
    help = "Print where to look, the demo's sign-ins, and calls to paste."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = instructions(url=address(), secrets=Secrets.read())
        except SecretsMissing as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"\n{text}\n")
