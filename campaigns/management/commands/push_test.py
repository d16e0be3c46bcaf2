"""Sends one real push to a chosen device, outside of any campaign."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Account, Platform
from campaigns.push_test import Verdict, find_device, send_test_push
from common.errors import DomainError


class Command(BaseCommand):
    help = (
        "Push to one device through its app's credential and print what the provider answers;"
        " exits 0 only when it took the push."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", type=int, required=True, help="account id")
        parser.add_argument("--app", required=True, help="bundle id, as com.brand.app")
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--device", type=UUID, help="public id of a device")
        whose.add_argument("--consumer", help="consumer id: the device used last gets it")
        parser.add_argument("--platform", choices=Platform.values, help="a device of this platform")

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(number=options["account"]).first()
        if account is None:
            raise CommandError(f"There is no account {options['account']}.")
        try:
            device = find_device(
                account=account,
                app_name=options["app"],
                public_id=options["device"],
                consumer_ref=options["consumer"] or "",
                platform=options["platform"] or "",
            )
            verdict = send_test_push(device=device, by="push_test", now=timezone.now())
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write("\n".join(_lines(verdict)))
        if not verdict.is_accepted:
            raise SystemExit(1)


def _lines(verdict: Verdict) -> list[str]:
    answer = "no answer" if verdict.status is None else f"status {verdict.status}"
    outcome = f"{verdict.outcome} ({verdict.reason})" if verdict.reason else str(verdict.outcome)
    lines = [verdict.sentence, verdict.remedy]
    if verdict.words:
        lines.append(f"In its own words: {verdict.words}")
    return [*lines, f"{verdict.provider}: {outcome}, {answer}, {verdict.elapsed_ms} ms"]
