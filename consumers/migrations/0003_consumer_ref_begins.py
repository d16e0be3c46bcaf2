"""Finds consumers by how their id begins; built without holding up registrations."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("consumers", "0002_device_unseen")]

    operations = [
        # Of a migration that was interrupted: such an index is there, and of no use.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS consumer_ref_begins", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="consumer",
            index=models.Index(
                fields=["account", "ref"],
                name="consumer_ref_begins",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ),
    ]
