"""A draft as a report would show it: for the firm's own eyes, and gone after a day."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.models.assessments import Assessment
from compliance.models.firms import OfFirm, OfFirmQuerySet
from compliance.models.reports import Report

if TYPE_CHECKING:
    from compliance.models.people import User


class PreviewQuerySet(OfFirmQuerySet["Preview"]):
    def visible_to(self, user: User) -> PreviewQuerySet:
        """Without what was copied: lists would load megabytes."""
        return super().visible_to(user).defer("content", "review")


class Preview(OfFirm, models.Model):
    """Not a report: it has no code, no signature and no submission, and nobody can check it.

    Its row is the queue entry, as with a report.
    """

    FIRM = "assessment.firm"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="previews")
    kind = models.CharField(max_length=10, choices=Report.Kind.choices)
    lang = models.CharField(max_length=10, choices=Report.Language.choices)
    content = models.JSONField()  # as a submission would freeze it
    review = models.JSONField()

    status = models.CharField(
        max_length=20, choices=Report.Status.choices, default=Report.Status.REQUESTED
    )
    progress = models.PositiveSmallIntegerField(default=0)  # percent
    step = models.CharField(max_length=60, blank=True)  # key of what is being done now
    attempts = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)  # grows with every taking; the last one wins
    lease_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    file = models.FileField(upload_to="previews", max_length=200, blank=True)
    pages = models.PositiveIntegerField(null=True)
    size = models.PositiveBigIntegerField(null=True)  # bytes

    requested_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    requested_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Preview]] = PreviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("preview of a report")
        verbose_name_plural = _("previews of reports")
        ordering = ["-requested_at"]
        indexes = [models.Index(fields=["status", "lease_until"], name="preview_queue")]

    def __str__(self) -> str:
        return f"{self.assessment} {self.kind} {self.lang}"
