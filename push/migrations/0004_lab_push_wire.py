from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("push", "0003_breakers")]

    operations = [
        migrations.AddField(
            model_name="labpush",
            name="wire",
            field=models.JSONField(
                help_text=(
                    'Of a stub: {"protocol", "headers": [[name, value]], "sealed": body in '
                    'base64url where it was encrypted, "answer": {"status", "headers", "body"} '
                    "unless it was lost}"
                ),
                null=True,
            ),
        ),
    ]
