from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lab.brand import NAME, NUMBER, Secrets, SecretsMissing
from lab.demo import load_demo
from lab.stubs import StubAway


class Command(BaseCommand):
    help = "Make the demo brand with its phones in the push lab; one that is there stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            is_new = load_demo(secrets=Secrets.read(), now=timezone.now())
        except (SecretsMissing, StubAway) as error:
            raise CommandError(str(error)) from error
        verb = "was made" if is_new else "is there already"
        self.stdout.write(f"{NAME}, account {NUMBER}, {verb}.")
