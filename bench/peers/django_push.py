"""django-push-notifications end to end: `bulk_create` a row for each message, then one queryset's
`send_message`: python -m bench.peers.django_push URL COUNT, with DATABASE_URL of a database of its
own."""

import os
import sys
from urllib.parse import parse_qs, urlsplit

import django
import firebase_admin
from django.conf import settings
from firebase_admin import messaging

from bench.peers.firebase import Static
from bench.peers.measured import measure
from bench.peers.text import ALERT, DATA, token


def configure() -> None:
    url = urlsplit(os.environ["DATABASE_URL"])
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "push_notifications"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": url.path.removeprefix("/"),
                "USER": url.username,
                "HOST": parse_qs(url.query)["host"][0],
            }
        },
        PUSH_NOTIFICATIONS_SETTINGS={"FIREBASE_APP": None},
        USE_TZ=True,
    )
    django.setup()


def main() -> None:
    messaging._MessagingService.FCM_URL = f"{sys.argv[1]}/v1/projects/{{0}}/messages:send"
    firebase_admin.initialize_app(Static(), {"projectId": "bench"})
    configure()
    # They need Django configured.
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection, models  # noqa: PLC0415
    from push_notifications.models import GCMDevice  # noqa: PLC0415

    call_command("migrate", "--no-input", "--verbosity", "0")

    class Message(models.Model):  # noqa: DJ008
        token = models.TextField()
        state = models.CharField(max_length=10)

        class Meta:
            app_label = "bench"

    with connection.schema_editor() as editor:
        editor.create_model(Message)
    devices = [GCMDevice(registration_id=token(n), cloud_message_type="FCM") for n in range(5000)]
    GCMDevice.objects.bulk_create(devices)

    def send(count: int) -> int:
        messages = [Message(token=token(n), state="queued") for n in range(count)]
        for start in range(0, count, 100):
            Message.objects.bulk_create(messages[start : start + 100])
        chosen = GCMDevice.objects.filter(registration_id__in=[row.token for row in messages])
        sent = chosen.send_message(ALERT["body"], extra=dict(DATA))
        Message.objects.filter(state="queued").update(state="sent")
        return int(sent.success_count)

    measure(send)


if __name__ == "__main__":
    main()
