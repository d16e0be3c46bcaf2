"""Finds what became of one thing; built without holding up what is being written down."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0006_conversations_nobody_tends")]

    operations = [
        # Of a migration that was interrupted: such an index is there, and of no use.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS audit_by_target", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(
                fields=["target_type", "target_id", "-at", "-id"], name="audit_by_target"
            ),
        ),
    ]
