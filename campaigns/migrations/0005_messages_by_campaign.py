"""Whether all of a campaign waits, and until when; built without holding up calls or deliveries."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

SCHEDULED = models.Q(state="queued", reason__in=("before_start", "outside_window"))
UNDER_WAY = models.Q(state__in=("queued", "sending")) & ~SCHEDULED


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("campaigns", "0004_campaign_schedule")]

    operations = [
        # Of a migration that was interrupted: such an index is there, and of no use.
        migrations.RunSQL(
            [
                "DROP INDEX CONCURRENTLY IF EXISTS message_scheduled",
                "DROP INDEX CONCURRENTLY IF EXISTS message_under_way",
            ],
            migrations.RunSQL.noop,
        ),
        AddIndexConcurrently(
            model_name="outboundmessage",
            index=models.Index(
                fields=["campaign", "due_at"], condition=SCHEDULED, name="message_scheduled"
            ),
        ),
        AddIndexConcurrently(
            model_name="outboundmessage",
            index=models.Index(fields=["campaign"], condition=UNDER_WAY, name="message_under_way"),
        ),
    ]
