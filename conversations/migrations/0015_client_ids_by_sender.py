from django.db import migrations, models

NAME = "message_client_id_of_sender"


class Migration(migrations.Migration):
    # Not in a transaction: the table is large, and messages go on meanwhile.
    atomic = False

    dependencies = [("conversations", "0014_workspace_figures")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"CREATE UNIQUE INDEX CONCURRENTLY {NAME}"
                    " ON conversations_message (conversation_id, sender, client_id)",
                    migrations.RunSQL.noop,
                ),
                migrations.RunSQL(
                    f"ALTER TABLE conversations_message ADD CONSTRAINT {NAME}"
                    f" UNIQUE USING INDEX {NAME}",
                    f"ALTER TABLE conversations_message DROP CONSTRAINT {NAME}",
                ),
            ],
            state_operations=[
                migrations.AddConstraint(
                    "message",
                    models.UniqueConstraint(
                        fields=["conversation", "sender", "client_id"], name=NAME
                    ),
                ),
            ],
        ),
        migrations.RemoveConstraint("message", "message_client_id_unique"),
    ]
