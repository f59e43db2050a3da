"""The audit trail: append-only, written by `compliance.audit.record` alone."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.models.assessments import Assessment
from compliance.models.firms import Firm


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def update(self, **values: Any) -> NoReturn:
        _refuse()

    def delete(self) -> NoReturn:
        _refuse()


class AuditEvent(models.Model):
    # Nothing that an event names goes away under it: PROTECT everywhere, and the database refuses
    # every UPDATE and DELETE by trigger (compliance.guards).
    firm = models.ForeignKey(Firm, on_delete=models.PROTECT, related_name="audit_events")
    sequence = models.PositiveBigIntegerField()  # within the firm, from 1, without a gap
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)  # of all of this and of the one before: compliance.chain
    assessment = models.ForeignKey(
        Assessment, on_delete=models.PROTECT, null=True, related_name="audit_events"
    )
    requirement = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        "compliance.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    actor_name = models.CharField(max_length=120)
    action = models.CharField(max_length=60)  # dotted: answer.saved
    subject = models.CharField(max_length=120)  # model:id
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    objects: ClassVar[models.Manager[AuditEvent]] = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["assessment", "requirement", "id"], name="audit_of_requirement"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["firm", "sequence"], name="audit_is_one_chain"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            _refuse()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse()


class AuditHead(models.Model):
    """The last event of a firm's chain: locked by whoever writes the next, moved by a trigger."""

    firm = models.OneToOneField(
        Firm, on_delete=models.PROTECT, primary_key=True, related_name="audit_head"
    )
    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("head of an audit trail")
        verbose_name_plural = _("heads of audit trails")

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash}"


def _refuse() -> NoReturn:
    raise TypeError("An audit event is never changed or deleted.")
