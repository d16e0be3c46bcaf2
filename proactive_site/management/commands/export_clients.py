"""Writes docs/openapi.yaml, and from it what HTTP clients and Postman read."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from proactive_site.clients import exports


class Command(BaseCommand):
    help = "Write the OpenAPI document, docs/proactive.http and a Postman collection from it."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, content in exports().items():
            path = settings.BASE_DIR / name
            path.write_bytes(content)
            self.stdout.write(f"Wrote {name}.")
