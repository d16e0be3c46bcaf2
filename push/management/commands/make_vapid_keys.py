"""`manage.py make_vapid_keys --account 48213907 --app com.brand.web --contact mailto:…`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import App
from common.errors import DomainError
from push.vapid_keys import application_server_key, make_vapid_keys


class Command(BaseCommand):
    help = "Make an app's key pair for Web Push; prints the public key, for its web app."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", type=int, required=True, help="account id")
        parser.add_argument("--app", required=True, help="bundle id")
        parser.add_argument(
            "--contact",
            required=True,
            help="whom push services may write to: mailto:push@example.com or an https: page",
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="give up the pair there is: every browser has to subscribe again",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        app = App.objects.filter(
            account__number=options["account"], bundle_id=options["app"]
        ).first()
        if app is None:
            raise CommandError(f"Account {options['account']} has no app {options['app']}.")
        try:
            credential = make_vapid_keys(
                app=app,
                contact=options["contact"],
                by="make_vapid_keys",
                is_replacing=options["replace"],
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"applicationServerKey: {application_server_key(credential)}")
