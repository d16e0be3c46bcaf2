from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Not in a transaction: the table is large, and messages go on meanwhile.
    atomic = False

    dependencies = [("conversations", "0013_workspace")]

    operations = [
        AddIndexConcurrently(
            "conversation",
            models.Index(
                fields=["account", "first_answered_at"],
                condition=models.Q(first_answered_at__isnull=False),
                name="conversation_answered",
            ),
        ),
    ]
