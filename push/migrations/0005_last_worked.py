"""When pushes by a credential last got through. The release before never reads it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("push", "0004_lab_push_wire")]

    operations = [
        migrations.AddField(
            model_name="pushcredential",
            name="last_worked_at",
            field=models.DateTimeField(
                editable=False, help_text="To the minute; empty with new settings.", null=True
            ),
        ),
    ]
