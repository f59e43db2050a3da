"""One chain of hashes per firm; what is recorded already is chained in its order."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from compliance import chain

BATCH = 500


def chain_events(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    event_model: Any = apps.get_model("compliance", "AuditEvent")
    head_model: Any = apps.get_model("compliance", "AuditHead")
    firms = apps.get_model("compliance", "Firm").objects.values_list("pk", flat=True)
    for firm_id in list(firms):
        sequence, last, linked = 0, chain.START, []
        for event in event_model.objects.filter(firm_id=firm_id).order_by("id").iterator(BATCH):
            sequence += 1
            event.sequence, event.previous_hash = sequence, last
            event.hash = last = chain.seal([getattr(event, name) for name in chain.SEALED])
            linked.append(event)
        fields = ["sequence", "previous_hash", "hash"]
        event_model.objects.bulk_update(linked, fields, batch_size=BATCH)
        head_model.objects.create(firm_id=firm_id, sequence=sequence, hash=last)
    schema_editor.connection.check_constraints()


class Migration(migrations.Migration):
    dependencies = [("compliance", "0005_add_corrective_actions")]

    operations = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                (
                    "firm",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="audit_head",
                        serialize=False,
                        to="compliance.firm",
                    ),
                ),
                ("sequence", models.PositiveBigIntegerField(default=0)),
                ("hash", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "verbose_name": "head of an audit trail",
                "verbose_name_plural": "heads of audit trails",
            },
        ),
        migrations.RemoveIndex(model_name="auditevent", name="audit_of_firm"),
        migrations.AddField(
            model_name="auditevent",
            name="sequence",
            field=models.PositiveBigIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="auditevent",
            name="previous_hash",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="auditevent",
            name="hash",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="firm",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="audit_events",
                to="compliance.firm",
            ),
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="assessment",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="audit_events",
                to="compliance.assessment",
            ),
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="actor",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(chain_events, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="auditevent",
            constraint=models.UniqueConstraint(
                fields=("firm", "sequence"), name="audit_is_one_chain"
            ),
        ),
    ]
