"""When a campaign may go out. Empty for campaigns that go out at once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0003_idempotencykey")]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="windows",
            field=models.JSONField(
                blank=True, help_text="Windows of local time; none: all day.", null=True
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="start_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
