"""Whether any of a campaign is under way, by the first entry of an index in its order: without an
order the table itself may be read for it. Built without holding up calls or deliveries."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

SCHEDULED = models.Q(state="queued", reason__in=("before_start", "outside_window"))
UNDER_WAY = models.Q(state__in=("queued", "sending")) & ~SCHEDULED


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("campaigns", "0008_daily_figures")]

    operations = [
        # Of a migration that was interrupted: such an index is there, and of no use.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS message_under_way_due", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="outboundmessage",
            index=models.Index(
                fields=["campaign", "due_at"], condition=UNDER_WAY, name="message_under_way_due"
            ),
        ),
        RemoveIndexConcurrently(model_name="outboundmessage", name="message_under_way"),
    ]
