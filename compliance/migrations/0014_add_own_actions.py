"""Corrective actions that a firm takes by itself, and three kinds of notifications more."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0013_add_signing"),
    ]

    operations = [
        migrations.AddField(
            model_name="correctiveaction",
            name="own_number",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="correctiveaction",
            name="finding",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="corrective_action",
                to="compliance.finding",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("deadline", "Due dates: before, on the day and after"),
                    ("returned", "An assessment is returned, or a finding is raised"),
                    ("submitted", "A firm submits or withdraws an assessment"),
                    ("delegated", "A requirement is given to me"),
                    ("assigned", "A review is handed to me"),
                    ("mentioned", "I am mentioned in a comment"),
                    ("accepted", "An assessment is accepted"),
                    ("question", "Questions of the officer, and answers"),
                    ("action", "A corrective action is done, verified, reopened or moved"),
                    ("evidence", "Evidence is about to expire"),
                    ("report", "A report I asked for is ready, or failed"),
                    ("role", "My role in a firm changes"),
                    ("webhook", "A webhook is paused because its receiver does not answer"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="notificationpreference",
            name="kind",
            field=models.CharField(
                choices=[
                    ("deadline", "Due dates: before, on the day and after"),
                    ("returned", "An assessment is returned, or a finding is raised"),
                    ("submitted", "A firm submits or withdraws an assessment"),
                    ("delegated", "A requirement is given to me"),
                    ("assigned", "A review is handed to me"),
                    ("mentioned", "I am mentioned in a comment"),
                    ("accepted", "An assessment is accepted"),
                    ("question", "Questions of the officer, and answers"),
                    ("action", "A corrective action is done, verified, reopened or moved"),
                    ("evidence", "Evidence is about to expire"),
                    ("report", "A report I asked for is ready, or failed"),
                    ("role", "My role in a firm changes"),
                    ("webhook", "A webhook is paused because its receiver does not answer"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="correctiveaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finding__isnull", True), ("own_number__isnull", False)),
                    models.Q(("finding__isnull", False), ("own_number__isnull", True)),
                    _connector="OR",
                ),
                name="action_has_a_finding_or_a_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="correctiveaction",
            constraint=models.UniqueConstraint(
                fields=("firm", "own_number"), name="own_actions_are_numbered"
            ),
        ),
    ]
