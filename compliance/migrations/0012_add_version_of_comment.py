from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0011_add_webhooks")]

    operations = [
        migrations.AddField(
            model_name="comment",
            name="version",
            field=models.PositiveIntegerField(default=1),
        ),
    ]
