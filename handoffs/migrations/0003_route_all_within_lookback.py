from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('handoffs', '0002_handoffdraft'),
    ]

    operations = [
        migrations.AddField(
            model_name='handoff',
            name='route_all_within_lookback',
            field=models.BooleanField(db_default=False, default=False, help_text='What is written after the answer was closed goes to the skill of the call too.'),
        ),
    ]
