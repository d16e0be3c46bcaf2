from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Pages that join several apps; no models, no rules."""

    name = "console"
