"""Change the key that secrets are encrypted with."""

from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand, CommandParser

from accounts.two_factor import reencrypt_second_factors
from push.credentials import reencrypt_all


class Command(BaseCommand):
    help = (
        "Encrypts push credentials, secrets of webhooks and second factors anew with the first key"
        " of FIELD_KEYS. To change the key:"
        " make one with --new, put it in front of FIELD_KEYS (key,oldkey), restart, run this"
        " command, then take the old key away."
    )
    # --new must work before there is a database.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--new", action="store_true", help="print a fresh key, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new"]:
            self.stdout.write(Fernet.generate_key().decode())
            return
        count = reencrypt_all() + reencrypt_second_factors()
        self.stdout.write(f"Encrypted with the first key of FIELD_KEYS: {count} rows.")
