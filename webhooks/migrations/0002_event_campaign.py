"""Finds what was told of a campaign; built without holding up what is being told."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("webhooks", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="webhookevent",
            name="campaign_id",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="The campaign that it is of, if any.",
                max_length=9,
            ),
        ),
        # Of a migration that was interrupted: such an index is there, and of no use.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS webhook_event_campaign", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="webhookevent",
            index=models.Index(
                condition=~models.Q(campaign_id=""),
                fields=["account", "campaign_id"],
                name="webhook_event_campaign",
            ),
        ),
    ]
