"""What a brand brings along: `manage.py import_liveperson 48213907 handoffs.json`."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Account
from handoffs.liveperson import Outcome, Taken, import_handoffs


class Command(BaseCommand):
    help = "Take over the In-App handoffs of a list from LivePerson, under their own ids."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", type=int, help="account id")
        parser.add_argument("file", type=Path, help="the JSON that LivePerson's list answered")
        parser.add_argument("--dry-run", action="store_true", help="tell everything, store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each handoff. Fail when one that is In-App could not be taken over."""
        account = Account.objects.filter(number=options["account"]).first()
        if account is None:
            raise CommandError(f"There is no account {options['account']}.")
        taken = import_handoffs(
            account=account,
            entries=_read(options["file"]),
            is_dry_run=options["dry_run"],
            by="import_liveperson",
            now=timezone.now(),
        )
        for one in taken:
            self.stdout.write(_line(one))
        self._sum(taken, is_dry_run=options["dry_run"])

    def _sum(self, taken: list[Taken], *, is_dry_run: bool) -> None:
        counts = Counter(one.outcome for one in taken)
        parts = [f"{counts[outcome]} {outcome.value}" for outcome in Outcome]
        self.stdout.write(", ".join(parts) + (" (dry run: nothing stored)" if is_dry_run else ""))
        if counts[Outcome.REFUSED]:
            raise CommandError("Not every handoff was imported. Mend what is named and run again.")


def _read(path: Path) -> list[Any]:
    """A page of the list, or what holds one under a name.

    :raises CommandError: the file is neither.
    """
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path} is not JSON: {error}") from error
    lists = [data] if isinstance(data, list) else []
    if isinstance(data, dict):
        lists = [value for value in data.values() if isinstance(value, list)]
    if len(lists) != 1:
        raise CommandError(f"{path} holds no list of handoffs.")
    return lists[0]


def _line(taken: Taken) -> str:
    """One line whatever stood in the file."""
    notes = " ".join(taken.notes)
    told = f"{taken.id}: {taken.outcome.value}" + (f". {notes}" if notes else "")
    return "".join(character if character.isprintable() else "?" for character in told)
