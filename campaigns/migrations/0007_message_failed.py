"""Finds the dead letters of an account; built without holding up calls or deliveries."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("campaigns", "0006_replays")]

    operations = [
        # Of a migration that was interrupted: such an index is there, and of no use.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS message_failed", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="outboundmessage",
            index=models.Index(
                fields=["account", "finished_at"],
                condition=models.Q(state="failed"),
                name="message_failed",
            ),
        ),
    ]
