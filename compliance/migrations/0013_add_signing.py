import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F

import compliance.clock


def take_over_the_time_of_asking(apps, schema_editor):
    apps.get_model("compliance", "Report").objects.update(queued_at=F("requested_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0012_add_version_of_comment"),
    ]

    operations = [
        migrations.CreateModel(
            name="SigningCertificate",
            fields=[
                ("fingerprint", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("subject", models.CharField(max_length=200)),
                ("pem", models.TextField()),
                ("valid_from", models.DateTimeField()),
                ("valid_until", models.DateTimeField()),
                ("first_used_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "signing certificate",
                "verbose_name_plural": "signing certificates",
                "ordering": ["-first_used_at"],
            },
        ),
        migrations.AddField(
            model_name="firm",
            name="is_named_in_checks",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="report",
            name="queued_at",
            field=models.DateTimeField(default=compliance.clock.now),
        ),
        migrations.RunPython(take_over_the_time_of_asking, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="report",
            name="status",
            field=models.CharField(
                choices=[
                    ("requested", "Waiting"),
                    ("rendering", "Being made"),
                    ("ready", "Ready"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                ],
                default="requested",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="certificate",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="compliance.signingcertificate",
            ),
        ),
    ]
