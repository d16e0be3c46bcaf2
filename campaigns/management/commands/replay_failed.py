"""Shows what failed for good, and sends it again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Account
from campaigns.dead_letters import DeadLetterFilter, causes
from campaigns.replaying import plan_replay, replay_messages


class Command(BaseCommand):
    help = (
        "Send the messages of an account again that failed for good. Without --cause or --campaign "
        "it lists what they failed of."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--account", type=int, required=True, help="The account's id.")
        parser.add_argument("--cause", help="The reason word that they failed of.")
        parser.add_argument("--provider")
        parser.add_argument("--app", help="A bundle id.")
        parser.add_argument("--campaign", help="A campaign's id.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would be sent.")

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(number=options["account"]).first()
        if account is None:
            raise CommandError(f"There is no account {options['account']}.")
        now = timezone.now()
        wanted = DeadLetterFilter(
            until=now,
            reason=options["cause"],
            provider=options["provider"],
            app_name=options["app"],
            campaign_id=options["campaign"],
        )
        if not (options["cause"] or options["campaign"]):
            self._list(account, wanted)
            return
        plan = plan_replay(account=account, wanted=wanted, now=now)
        self._tell("To be replayed", plan.replayed, plan.refused)
        if not options["dry_run"]:
            self._replay(account, wanted, plan.replayed)

    def _list(self, account: Account, wanted: DeadLetterFilter) -> None:
        for cause in causes(account, wanted, now=wanted.until):
            self.stdout.write(
                f"{cause.count:>9,}  {cause.reason}  {cause.provider or '-'}  "
                f"{cause.app_name or '-'}  {cause.replayable:,} can be replayed  {cause.detail}"
            )

    def _replay(self, account: Account, wanted: DeadLetterFilter, planned: int) -> None:
        done, is_complete = 0, False
        while not is_complete:
            replay = replay_messages(
                account=account, wanted=wanted, by="manage.py replay_failed", now=timezone.now()
            )
            done, is_complete = done + replay.replayed, replay.is_complete
            self.stdout.write(f"Replayed {done:,} of {planned:,}.")

    def _tell(self, what: str, count: int, refused: Any) -> None:
        self.stdout.write(f"{what}: {count:,}.")
        for why, n in sorted(refused.items()):
            self.stdout.write(f"Not, {why}: {n:,}.")
