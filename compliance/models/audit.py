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
    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="audit_events")
    assessment = models.ForeignKey(
        Assessment, on_delete=models.CASCADE, null=True, related_name="audit_events"
    )
    requirement = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
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
            models.Index(fields=["firm", "id"], name="audit_of_firm"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            _refuse()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse()


def _refuse() -> NoReturn:
    raise TypeError("An audit event is never changed or deleted.")
