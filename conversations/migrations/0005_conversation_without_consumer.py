"""A conversation outlives the data of its consumer. The release before never leaves it empty, and
reads the consumer only of conversations that are open; those are closed first."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("consumers", "0002_device_unseen"),
        ("conversations", "0004_widgets"),
    ]

    operations = [
        migrations.AlterField(
            model_name="conversation",
            name="consumer",
            field=models.ForeignKey(
                help_text="Empty where the person's data was erased.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="conversations",
                to="consumers.consumer",
            ),
        ),
    ]
