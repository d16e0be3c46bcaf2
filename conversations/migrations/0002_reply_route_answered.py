"""Finds the answers to a campaign; built without holding up deliveries."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("conversations", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="replyroute",
            index=models.Index(
                condition=models.Q(("replied_at__isnull", False)),
                fields=["account", "campaign_id"],
                name="reply_route_answered",
            ),
        ),
    ]
