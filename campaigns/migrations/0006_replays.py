"""What failed may be queued again, and each time is counted (ADR 20).

The release before never raises ``replays``, so for it every final state stays final.
"""

from django.db import migrations, models

TRIGGER = """
CREATE OR REPLACE TRIGGER message_final_state BEFORE UPDATE OF state ON campaigns_outboundmessage
    FOR EACH ROW
    WHEN (OLD.state NOT IN ('queued', 'sending') AND NEW.state IS DISTINCT FROM OLD.state{replay})
    EXECUTE FUNCTION campaigns_refuse_leaving_final()
"""
REPLAY = """
          AND NOT (OLD.state = 'failed' AND NEW.state = 'queued' AND NEW.replays = OLD.replays + 1)"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0005_messages_by_campaign")]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="replays",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="How often what had failed of it was sent again.",
            ),
        ),
        migrations.AddField(
            model_name="outboundmessage",
            name="replays",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="How often it was queued again after it had failed.",
            ),
        ),
        migrations.AlterField(
            model_name="messageevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("push", "Push"),
                    ("decided", "Decided"),
                    ("deferred", "Put off"),
                    ("worker_lost", "Taken over from a lost worker"),
                    ("error", "Internal error"),
                    ("delivered", "Delivered"),
                    ("opened", "Opened"),
                    ("cancelled", "Cancelled"),
                    ("replayed", "Sent again by hand"),
                ],
                max_length=12,
            ),
        ),
        migrations.RunSQL(TRIGGER.format(replay=REPLAY), TRIGGER.format(replay="")),
    ]
