from django.apps import AppConfig
from django.core.checks import register

from consumers.places import check_geoip_file


class ConsumersConfig(AppConfig):
    name = "consumers"

    def ready(self) -> None:
        register(check_geoip_file)
