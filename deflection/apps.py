from django.apps import AppConfig


class DeflectionConfig(AppConfig):
    name = "deflection"
    default_auto_field = "django.db.models.BigAutoField"
