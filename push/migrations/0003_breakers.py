import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

PROVIDERS = [
    ("lab", "Push lab"),
    ("proxy", "Push proxy"),
    ("fcm", "Firebase Cloud Messaging"),
    ("apns", "Apple Push Notification service"),
    ("webpush", "Web Push"),
]
# The columns stay for workers of the release before, which read and write them.
FORGET_HOLD = "ALTER TABLE push_pushcredential ALTER COLUMN held_reason SET DEFAULT ''"
KNOW_HOLD = "ALTER TABLE push_pushcredential ALTER COLUMN held_reason DROP DEFAULT"


class Migration(migrations.Migration):
    dependencies = [("push", "0002_vendors")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORGET_HOLD, KNOW_HOLD)],
            state_operations=[
                migrations.RemoveField(model_name="pushcredential", name="held_until"),
                migrations.RemoveField(model_name="pushcredential", name="held_reason"),
            ],
        ),
        migrations.AddField(
            model_name="pushcredential",
            name="switched_off_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.CreateModel(
            name="Breaker",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("scope", models.CharField(max_length=340, unique=True)),
                ("provider", models.CharField(choices=PROVIDERS, max_length=10)),
                ("origin", models.CharField(blank=True, max_length=300, verbose_name="host")),
                ("opened_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("detail", models.CharField(blank=True, max_length=300, verbose_name="provider's words")),
                ("probe_at", models.DateTimeField(null=True)),
                ("counted_from", models.DateTimeField(null=True)),
                ("results", models.IntegerField(default=0)),
                ("failures", models.IntegerField(default=0)),
                ("account_ids", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ("slow_until", models.DateTimeField(help_text="Its answers take seconds.", null=True)),
                ("is_notice_due", models.BooleanField(default=False)),
                ("noticed_at", models.DateTimeField(null=True)),
                ("is_wake_due", models.BooleanField(default=False, help_text="What waited for it may go.")),
                ("credential", models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="breakers", to="push.pushcredential")),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("opened_at__isnull", False)), fields=["provider"], name="breaker_open"),
                ],
            },
        ),
    ]
