from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Region
from accounts.services import create_account
from common.errors import DomainError


class Command(BaseCommand):
    help = "Make a brand and its first administrator; prints the account id and the invitation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what people call the brand")
        parser.add_argument("admin_email", help="address of the first administrator")
        parser.add_argument("--number", type=int, help="account id, for a brand that keeps its own")
        parser.add_argument("--region", choices=Region.values, default=Region.EMEA)
        parser.add_argument("--time-zone", default="UTC", help="IANA name, as Europe/Stockholm")
        parser.add_argument("--default-skill", default="default")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            account, invitation = create_account(
                name=options["name"],
                number=options["number"],
                region=options["region"],
                time_zone=options["time_zone"],
                default_skill_name=options["default_skill"],
                admin_email=options["admin_email"],
                by="create_account",
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Account id: {account.number}")
        self.stdout.write(f"Invitation of {options['admin_email']}: {invitation.url}")
