from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):

    dependencies = [
        ('conversations', '0009_widget_codes'),
    ]

    operations = [
        # The column first, the default after it: what is stored already has no such time.
        migrations.AddField(
            model_name='conversation',
            name='recorded_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='conversation',
            name='recorded_at',
            field=models.DateTimeField(db_default=Now(), editable=False, null=True),
        ),
        migrations.AddField(
            model_name='replyroute',
            name='checked_at',
            field=models.DateTimeField(editable=False, help_text='When the rules last let the message go.', null=True),
        ),
        migrations.AlterField(
            model_name='replyroute',
            name='checked_at',
            field=models.DateTimeField(db_default=Now(), editable=False, help_text='When the rules last let the message go.', null=True),
        ),
    ]
