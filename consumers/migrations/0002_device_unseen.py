"""Finds the devices that nobody has seen for long; built without holding up registrations."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("consumers", "0001_initial")]

    operations = [
        # Of a migration that was interrupted: such an index is there, and of no use.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS device_unseen", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="device",
            index=models.Index(
                condition=models.Q(("removed_at__isnull", True)),
                fields=["last_seen_at"],
                name="device_unseen",
            ),
        ),
    ]
