"""A workbook that somebody sent back, between its preview and the moment it is applied."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.models.assessments import Assessment


class WorkbookUpload(models.Model):
    """What stands in the cells; the workbook itself is not kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assessment = models.ForeignKey(
        Assessment, on_delete=models.CASCADE, related_name="workbook_uploads"
    )
    uploaded_by = models.ForeignKey(
        "compliance.User", on_delete=models.CASCADE, related_name="workbook_uploads"
    )
    uploaded_at = models.DateTimeField()
    filename = models.CharField(max_length=255)
    cells = models.JSONField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("uploaded workbook")
        verbose_name_plural = _("uploaded workbooks")

    def __str__(self) -> str:
        return self.filename
