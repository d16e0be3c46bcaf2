import sys
import time
from io import TextIOWrapper
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lab.brand import NAME, TESTER, Secrets, SecretsMissing, address
from lab.caller import Caller
from lab.story import Story, Told


class Command(BaseCommand):
    help = "Do the main job once on the running installation; exits 1 when a step does not hold."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            story = Story(Caller(address(), Secrets.read()))
        except SecretsMissing as error:
            raise CommandError(str(error)) from error
        if isinstance(sys.stdout, TextIOWrapper):
            # A terminal without these characters shows question marks, rather than a traceback.
            sys.stdout.reconfigure(errors="replace")
        self.stdout.write(f"\n{NAME} writes to {TESTER}, on {story.caller.url}\n\n")
        self._tell(story)

    def _tell(self, story: Story) -> None:
        began_at, count = time.monotonic(), 0
        for told in story.tell():
            self.stdout.write(line(told))
            self.stdout.flush()
            count += 1
            if not told.is_held:
                raise SystemExit(1)
        seconds = time.monotonic() - began_at
        self.stdout.write(f"\nAll {count} steps held, in {seconds:.1f} s.")


def line(told: Told) -> str:
    return f"{'✓' if told.is_held else '✗'} {told.name:<13} {told.asked:<28} {told.came}"
